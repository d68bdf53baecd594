// Package csvfile reads CSV files as programs write them: in several encodings, with several
// delimiters and line ends, and with limits that bound the memory for reading any file.
package csvfile

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// MediaType is the media type of a CSV file (RFC 7111).
const MediaType = "text/csv"

// The limits of a file.
const (
	MaxColumns = 100
	maxRow     = 1 << 20 // bytes
)

// Reader reads rows. Missing fields at the end of a row are empty.
type Reader struct {
	rows *csv.Reader
	// Notes name the lines with a quotation mark that was left out.
	Notes []importer.Note
}

// Row is a row of a file.
type Row struct {
	// Line is the row's first line in the file.
	Line int
	// Fields are in the order of the file, without spaces around.
	Fields []string
}

// Get returns a field, or "" if the row has fewer fields.
func (r Row) Get(i int) string {
	if i < 0 || i >= len(r.Fields) {
		return ""
	}
	return r.Fields[i]
}

// New returns a reader of a file in UTF-8, UTF-16 or Windows-1252, with fields that a comma, a
// semicolon or a tab separates, and lines that end with CR, LF or both. It refuses a file with too
// many columns. Its error has code invalid and names the line.
func New(data []byte) (*Reader, error) {
	data = importer.Text(data)
	delimiter := delimiterOf(data)
	if end := bytes.IndexAny(data, "\r\n"); end == len("sep=;") && bytes.EqualFold(data[:4], []byte("sep=")) {
		delimiter = data[4] // as Excel writes it
		data = data[end:]
	}
	data, notes, err := mend(data, delimiter)
	if err != nil {
		return nil, err
	}
	rows := csv.NewReader(bytes.NewReader(data))
	rows.Comma, rows.FieldsPerRecord, rows.LazyQuotes = rune(delimiter), -1, true
	return &Reader{rows, notes}, nil
}

// Read returns the next row, or io.EOF. Its other errors have code invalid and name the line.
func (r *Reader) Read() (Row, error) {
	fields, err := r.rows.Read()
	if errors.Is(err, io.EOF) {
		return Row{}, io.EOF
	}
	if e, ok := errors.AsType[*csv.ParseError](err); ok {
		return Row{}, task.Errorf(task.CodeInvalid, "line %d, column %d: %v", e.Line, e.Column, e.Err)
	}
	if err != nil {
		return Row{}, fmt.Errorf("read CSV: %w", err)
	}
	line, _ := r.rows.FieldPos(0)
	size := 0
	for i := range fields {
		size += len(fields[i])
		fields[i] = strings.TrimSpace(fields[i])
	}
	if size > maxRow {
		return Row{}, task.Errorf(task.CodeInvalid, "line %d: the line that begins here is larger than %d MiB", line, maxRow>>20)
	}
	return Row{line, fields}, nil
}

// delimiterOf returns the most frequent delimiter of the first line that has one outside quotes.
func delimiterOf(data []byte) byte {
	counts := map[byte]int{}
	quoted := false
	for _, c := range data {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case (c == '\n' || c == '\r') && len(counts) > 0:
			return mostOf(counts)
		case c == ',' || c == ';' || c == '\t':
			counts[c]++
		}
	}
	return mostOf(counts)
}

func mostOf(counts map[byte]int) byte {
	most := byte(',')
	for _, c := range []byte{';', '\t'} {
		if counts[c] > counts[most] {
			most = c
		}
	}
	return most
}
