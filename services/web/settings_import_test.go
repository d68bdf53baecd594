package main

import (
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"
)

func TestImportPage(t *testing.T) {
	t.Parallel()
	api, ask := settings(t, nil)
	upload := func(path, name, content string, header ...string) answer {
		t.Helper()
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		if name == "table.csv" {
			for _, field := range []string{"title", "due"} {
				if err := form.WriteField("column", field); err != nil {
					t.Fatal(err)
				}
			}
		}
		part, err := form.CreateFormFile("file", name)
		if err == nil {
			_, err = io.WriteString(part, content)
		}
		if err != nil || form.Close() != nil {
			t.Fatal(err)
		}
		return ask("POST", path, body.String(), append(header, "Content-Type", form.FormDataContentType())...)
	}
	got := upload("/settings/import?preview=1", "Home.csv", "TYPE,CONTENT\ntask,a\n")
	for _, words := range []string{"What Home.csv would add", "<strong>30</strong> tasks would be added", "<strong>2</strong> you already have", "every day at", "And 29 more.", "Home.csv, line 7", "the date cannot be read", "Wann", `<option value="due" selected>`, `name="column" form="import-form"`} {
		if !strings.Contains(got.body, words) {
			t.Errorf("the preview lacks %q", words)
		}
	}
	if got.status != 200 || strings.Contains(got.body, "<script>alert") {
		t.Errorf("got %d, or text of the file became HTML", got.status)
	}
	upload("/settings/import", "x", "PK\x03\x04...")
	upload("/settings/import", "tasks.ics", "BEGIN:VCALENDAR")
	upload("/settings/import", "export", ` {"version": 1}`)
	upload("/settings/import", "table.csv", "a,b\n")
	upload("/settings/import", "data", "[]")
	want := []string{
		"POST /import?dry_run=true&name=Home.csv text/csv TYPE,CONTENT\ntask,a", "POST /import?name=x application/zip PK\x03\x04...",
		"POST /import?name=tasks.ics text/calendar BEGIN:VCALENDAR", `POST /import?name=export application/json  {"version": 1}`,
		"POST /import?mapping=title%2Cdue&name=table.csv text/csv a,b", "POST /import?name=data application/json []",
	}
	if fmt.Sprintf("%q", api.changes) != fmt.Sprintf("%q", want) {
		t.Errorf("got %q\nwant %q", api.changes, want)
	}
	const problem = `{"code": "bad_request", "detail": "the body is not an export"}`
	api.refusals = map[string]string{"POST /import": problem}
	if got := upload("/settings/import", "x.json", "[]"); got.status != 422 || !strings.Contains(got.body, "The body is not an export.") {
		t.Errorf("refused by the API: got %d, want 422 and the words of the API", got.status)
	}
	if got := upload("/settings/import", "x.json", ""); got.status != 422 || !strings.Contains(got.body, "File is empty.") {
		t.Errorf("an empty file: got %d, want 422 and the reason", got.status)
	}
	want = append(want, "POST /import?name=x.json application/json []")
	if got := upload("/settings/import", "", ""); got.status != 422 || !strings.Contains(got.body, "File is missing: choose one.") {
		t.Errorf("without a file: got %d", got.status)
	}
	if got := upload("/settings/import", "x.csv", strings.Repeat("a", maxUpload)); got.status != 413 || !strings.Contains(got.body, "larger than 10 MiB") {
		t.Errorf("with too large a file: got %d", got.status)
	}
	if got := upload("/settings/import", "x.csv", "x", "Sec-Fetch-Site", "cross-site"); got.status != 403 || len(api.changes) != len(want) {
		t.Errorf("from another site: got %d and %q", got.status, api.changes)
	}
}
