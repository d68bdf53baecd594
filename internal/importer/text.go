package importer

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// Text returns the text of a file in UTF-8 without a byte order mark. It reads UTF-8, UTF-16 with a
// byte order mark, and Windows-1252 in the lines that are not UTF-8.
func Text(data []byte) []byte {
	data = Unicode(data)
	if utf8.Valid(data) {
		return data
	}
	var out bytes.Buffer
	for line := range bytes.Lines(data) {
		out.WriteString(UTF8(string(line)))
	}
	return out.Bytes()
}

// Unicode removes the byte order mark of a file and converts UTF-16 to UTF-8.
func Unicode(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	}
	units := make([]uint16, 0, len(data)/2)
	for i := 2; i+1 < len(data); i += 2 {
		units = append(units, order.Uint16(data[i:]))
	}
	return []byte(string(utf16.Decode(units)))
}

// UTF8 returns a text in UTF-8. A text that is not valid UTF-8 is Windows-1252, which has the
// letters of ISO 8859-1.
func UTF8(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for i := range len(s) {
		out.WriteRune(charmap.Windows1252.DecodeByte(s[i]))
	}
	return out.String()
}
