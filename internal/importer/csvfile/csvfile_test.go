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

// TestQuoteWithoutEnd reads files in which a quotation mark opens a field and has no end. Each other line
// is a row of its own, and the note names the line.
func TestQuoteWithoutEnd(t *testing.T) {
	t.Parallel()
	const long = "\"all, of\nit\",\"a \"\"b\"\"\"\n"
	for name, tt := range map[string]struct {
		data string
		want [][]string
		line int // of the note, or 0
	}{
		"to the end":           {"a,b\n\"cut,x\nnext,y\n", [][]string{{"a", "b"}, {"cut", "x"}, {"next", "y"}}, 2},
		"the last line":        {"a,b\ncut,\"x", [][]string{{"a", "b"}, {"cut", "x"}}, 2},
		"before a quoted":      {"a,b\nfirst,\"cut\nnext,\"y, z\"\n", [][]string{{"a", "b"}, {"first", "cut"}, {"next", "y, z"}}, 2},
		"before a doubled one": {"a,b\n\"cut,x\n" + long, [][]string{{"a", "b"}, {"cut", "x"}, {"all, of\nit", `a "b"`}}, 2},
		"after a long one":     {long + "\"cut,x\nnext,y\n", [][]string{{"all, of\nit", `a "b"`}, {"cut", "x"}, {"next", "y"}}, 3},
		"in the title":         {"\"cut,b\nx,y\n", [][]string{{"cut", "b"}, {"x", "y"}}, 1},
		"sep= with CRLF":       {"sep=;\r\na;b\r\nc;\"d\r\n", [][]string{{"a", "b"}, {"c", "d"}}, 3},
		"CR":                   {"a,b\r\"cut,x\rnext,y\r", [][]string{{"a", "b"}, {"cut", "x"}, {"next", "y"}}, 2},
		"single in one line":   {"a,b\n\"3\" nails\",y\n", [][]string{{"a", "b"}, {`3" nails`, "y"}}, 0},
		"inches, then a comma": {"a,b\n3\" nails,y\n" + "x,\"y, z\"\n", [][]string{{"a", "b"}, {`3" nails`, "y"}, {"x", "y, z"}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got [][]string
			for _, row := range rows(t, tt.data) {
				got = append(got, row.Fields)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			r, err := New([]byte(tt.data))
			if err != nil {
				t.Fatal(err)
			}
			var lines []int
			for _, note := range r.Notes {
				lines = append(lines, note.Line)
			}
			var want []int
			if tt.line > 0 {
				want = []int{tt.line}
			}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Errorf("lines of the notes (-want +got):\n%s", diff)
			}
		})
	}
}

// A quotation mark in the middle of a field does not change the count of the columns after it.
func TestColumnsAfterASingleQuote(t *testing.T) {
	t.Parallel()
	if got := rows(t, "a,b\n3\" nails,x\n"+strings.Repeat("c,\"d, e\"\n", 2*MaxColumns)); len(got) != 2*MaxColumns+2 {
		t.Errorf("got %d rows, want %d", len(got), 2*MaxColumns+2)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\r\"x\n", "sep=\t\na\tb", "\xff\xfea\x00,\x00", "a\xfc,\"\"\"b\n", ",,,\n\"", "\xef\xbb\xbfTYPE,CONTENT\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := New(data)
		text := 0
		for err == nil {
			var row Row
			row, err = r.Read()
			if len(row.Fields) > MaxColumns {
				t.Fatalf("line %d has %d columns, want at most %d", row.Line, len(row.Fields), MaxColumns)
			}
			for _, field := range row.Fields {
				text += len(field)
			}
		}
		// A byte of Windows-1252 takes up to three bytes in UTF-8.
		if text > 3*len(data) {
			t.Errorf("got %d bytes of text from a file of %d, want at most %d", text, len(data), 3*len(data))
		}
		if !errors.Is(err, io.EOF) && task.ErrorCode(err) != task.CodeInvalid {
			t.Fatal(err)
		}
	})
}
