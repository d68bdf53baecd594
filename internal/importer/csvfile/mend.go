package csvfile

import (
	"bytes"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// mend returns a copy of a file in which each line outside quotes ends with LF. A quotation mark that
// opens a field and has no end is left out, with a note. Otherwise encoding/csv would take the rest of
// the file for one field. mend refuses a line with more than MaxColumns, because each parsed column
// takes many times its size in the file.
func mend(data []byte, delimiter byte) (mended []byte, notes []importer.Note, err error) {
	mended = make([]byte, 0, len(data))
	line, columns := 1, 1
	for i := 0; i < len(data); {
		if n := quoted(data[i:], delimiter); n > 0 {
			mended = append(mended, data[i:i+n]...)
			line += bytes.Count(data[i:i+n], []byte("\n"))
			i += n
		} else if data[i] == '"' {
			notes = append(notes, importer.Note{Line: line, Message: "a quotation mark has no end: it is left out, and the line is read without it"})
			for i < len(data) && data[i] == '"' {
				i++
			}
		}
		for i < len(data) && data[i] != delimiter && data[i] != '\n' && data[i] != '\r' {
			mended = append(mended, data[i])
			i++
		}
		switch {
		case i == len(data):
		case data[i] == delimiter:
			mended = append(mended, delimiter)
			if columns++; columns > MaxColumns {
				return nil, nil, task.Errorf(task.CodeInvalid, "line %d: there are more than %d columns: this is not a table of tasks", line, MaxColumns)
			}
			i++
		default:
			mended = append(mended, '\n')
			line, columns = line+1, 1
			if bytes.HasPrefix(data[i:], []byte("\r\n")) {
				i++
			}
			i++
		}
	}
	return mended, notes, nil
}

// quoted returns the length of the quoted field at the beginning of data, or 0 if there is none. Only a
// field of one line may contain single quotation marks. In a longer field, one is the beginning of
// another field, and the first has no end.
func quoted(data []byte, delimiter byte) int {
	if len(data) == 0 || data[0] != '"' {
		return 0
	}
	single, lines := false, false
	for i := 1; i < len(data); i++ {
		next := delimiter
		if i+1 < len(data) {
			next = data[i+1]
		}
		switch {
		case data[i] == '\n' || data[i] == '\r':
			lines = true
		case data[i] != '"':
		case next == delimiter || next == '\n' || next == '\r':
			return i + 1
		case next == '"':
			i++
		default:
			single = true
		}
		if single && lines {
			return 0
		}
	}
	return 0
}
