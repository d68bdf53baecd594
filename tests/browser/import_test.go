//go:build browser

package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

// The preview of a table guesses the columns that their names do not tell. A person corrects them, and
// the import follows the correction. The file is chosen once.
func TestColumnIsCorrected(t *testing.T) {
	p := newPerson(t)
	file := filepath.Join(t.TempDir(), "house.csv")
	if err := os.WriteFile(file, []byte("Shop,What,When it hurts\nclinic,Dentist,2031-01-05\nbaker,Bread,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w := p.window("/settings/import")
	w.do(chromedp.SetUploadFiles("#import-file", []string{file}))
	preview := func() {
		w.click("[data-preview]")
		w.see(`document.querySelector("#result-title")?.innerText === "What house.csv would add"`)
	}
	chosen := `[...document.querySelectorAll("[name=column]")].map((e) => e.value).join()`
	preview()
	w.see(chosen + ` === "title,notes,notes"`)
	w.set("column-0", "tags")
	w.set("column-1", "title")
	w.set("column-2", "due")
	preview()
	w.see(chosen + ` === "tags,title,due"`)
	w.see(`document.querySelector("#import-result .rows").innerText.includes("Due")`)
	w.accessible("preview of a table")
	w.picture("import-columns")
	if n := len(p.tasks()); n != 0 {
		t.Errorf("the preview made %d tasks", n)
	}
	w.click("#import-form button:not([data-preview])")
	w.see(`document.querySelector("#result-title")?.innerText === "Imported house.csv"`)
	dentist, bread := p.hasOne("Dentist"), p.hasOne("Bread")
	if dentist.DueOn == nil || *dentist.DueOn != "2031-01-05" || fmt.Sprint(bread.Tags) != "[baker]" {
		t.Errorf("got %+v and %+v, want a due date and a tag", dentist, bread)
	}
}
