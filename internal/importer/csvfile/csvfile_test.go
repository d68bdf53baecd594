package csvfile

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"taskmaster/internal/task"
)

// TestForms reads one table in each form.
func TestForms(t *testing.T) {
	t.Parallel()
	const table = "TITLE,NOTES\nÖl für Zoë,\"a, b\n\"\"c\"\"\"\n"
	utf16Of := func(s string, mark string, high int) string {
		out := []byte(mark)
		for _, unit := range utf16.Encode([]rune(s)) {
			pair := [2]byte{byte(unit >> 8), byte(unit)}
			out = append(out, pair[high], pair[1-high])
		}
		return string(out)
	}
	for name, data := range map[string]string{
		"UTF-8":             table,
		"UTF-8 with a mark": "\ufeff" + table,
		"UTF-16 LE":         utf16Of(table, "\xff\xfe", 1),
		"UTF-16 BE":         utf16Of(table, "\xfe\xff", 0),
		"Windows-1252":      strings.NewReplacer("Ö", "\xd6", "ü", "\xfc", "ë", "\xeb").Replace(table),
		"semicolons":        strings.ReplaceAll(strings.ReplaceAll(table, ",", ";"), "a; b", "a, b"),
		"tabs":              strings.ReplaceAll(strings.ReplaceAll(table, ",", "\t"), "a\t b", "a, b"),
		"CRLF":              strings.ReplaceAll(table, "\n", "\r\n"),
		"CR":                strings.ReplaceAll(strings.ReplaceAll(table, "\n", "\r"), "b\r", "b\n"),
		"sep=":              "sep=;\n" + strings.ReplaceAll(strings.ReplaceAll(table, ",", ";"), "a; b", "a, b"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got [][]string
			for _, row := range rows(t, data) {
				got = append(got, row.Fields)
			}
			want := [][]string{{"TITLE", "NOTES"}, {"Öl für Zoë", "a, b\n\"c\""}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func rows(t *testing.T, data string) []Row {
	t.Helper()
	r, err := New([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	var all []Row
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
}

// A quotation mark where none belongs stays in the text.
func TestStrayQuote(t *testing.T) {
	t.Parallel()
	got := rows(t, "TITLE,NOTES\nbuy 3\" nails,x\ncut,y\n")
	want := []Row{{1, []string{"TITLE", "NOTES"}}, {2, []string{`buy 3" nails`, "x"}}, {3, []string{"cut", "y"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\r\"x\n", "sep=\t\na\tb", "\xff\xfea\x00,\x00", "a\xfc,\"\"\"b\n", ",,,\n\"", "\xef\xbb\xbfTYPE,CONTENT\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := New(data)
		for err == nil {
			_, err = r.Read()
		}
		if !errors.Is(err, io.EOF) && task.ErrorCode(err) != task.CodeInvalid {
			t.Fatal(err)
		}
	})
}
