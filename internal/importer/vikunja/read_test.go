package vikunja

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"taskmaster/internal/importer"
	"taskmaster/internal/importer/importertest"
	"taskmaster/internal/task"
)

var testOptions = importer.Options{Zone: "Europe/Berlin", Limit: 1000}

func exported(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/data.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func line(t task.Task) string {
	s := fmt.Sprintf("%s [%s] %s", t.Title, strings.Join(t.Tags, ","), t.Priority)
	if t.DueAt != nil {
		s += " due " + t.DueAt.UTC().Format("2006-01-02T15:04Z")
	}
	if r := t.Recurrence; r != nil {
		s += " " + r.RRule + " " + r.Anchor
	}
	for _, r := range t.Reminders {
		if r.At != nil {
			s += " remind " + r.At.UTC().Format("2006-01-02T15:04Z")
		} else {
			s += fmt.Sprintf(" remind %d before", *r.MinutesBefore)
		}
	}
	if t.CompletedAt != nil {
		s += " done " + t.CompletedAt.UTC().Format("2006-01-02T15:04Z")
	}
	return s
}

func TestRead(t *testing.T) {
	t.Parallel()
	f, err := Read(exported(t), testOptions)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Pay rent [bills,favorite] high due 2026-03-01T08:00Z monthly  remind 60 before",
		"Water the plants [] low due 2026-03-02T18:00Z FREQ=DAILY;INTERVAL=3 completion remind 15 before",
		"Take the pill [] none due 2026-03-02T08:00Z",
		"Paint the fence [Garden,archived] high done 2026-01-15T16:20Z",
		"Buy paint [Garden,archived] medium due 2026-04-01T10:00Z remind 2026-03-25T10:00Z",
	}
	var got, notes []string
	for _, x := range f.Tasks {
		got = append(got, line(x.Task))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if made := f.Tasks[0].Task.CreatedAt; !made.Equal(time.Date(2025, 11, 2, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("made at %s", made)
	}
	for i, want := range []string{
		"To the **new** account.\n\n- IBAN in the folder\n- not the old one\n\nada, 2026-01-02:\nThe landlord has moved.",
		"",
		"Repeats: every 12h0m0s",
		"Two coats & primer\n\nSub-tasks: Buy paint\n\nProgress: 50 %\n\nAssigned to: Bob\n\nFiles in Vikunja: fence.jpg",
		"Starts: 2026-03-20T00:00:00Z\n\nPart of: Paint the fence",
	} {
		if got := f.Tasks[i].Task.Description; got != want {
			t.Errorf("%s: got description\n%q, want\n%q", f.Tasks[i].Task.Title, got, want)
		}
	}
	for _, n := range f.Notes {
		notes = append(notes, n.Title+": "+n.Message)
	}
	for _, want := range []string{
		"Pay rent: the priority do now is now high, which is the highest",
		`Take the pill: tasks repeat after whole days: "every 12h0m0s" is in the description`,
		`Paint the fence: files are left out: "fence.jpg" is in the description`,
		"Buy paint: is in an archived project: it has the tag archived",
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note says %q: %q", want, notes)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ json, want string }{
		"nothing":              {"", "line 1, column 1: unexpected end"},
		"cut off":              {"[\n {\"id\": 1", "line 2, column"},
		"a broken line":        {"[\n  {\"id\": 1,}\n]", "line 2, column 12: this is not JSON"},
		"another file":         {`{"version": 1}`, "line 1, column 1: this is not a list of projects"},
		"a task that is 1":     {"[{\"tasks\": [\n1]}]", "line 2, column 1: in the task that begins here, it is a JSON number"},
		"tasks that are 1":     {"[{\n \"tasks\": 1}]", "line 2, column 11: this is not a list of tasks"},
		"a project that is 1":  {"[\n 1]", "line 2, column 2: this is not a project"},
		"a bad label":          {"[{\"tasks\": [\n{\"labels\": [{\"title\": 1}]}]}]", "line 2, column 1: in the task that begins here"},
		"an instant that is 1": {"[{\"tasks\": [\n{\"title\": \"x\", \"due_date\": 1}]}]", "in the task that begins here, an instant is not a text"},
		"a bad instant":        {"[{\"tasks\": [\n{\"title\": \"x\", \"due_date\": \"soon\"}]}]", "line 2, column 1: in the task that begins here, soon is not an RFC 3339 instant"},
		"a bomb of tasks":      {`[{"tasks": [` + strings.Repeat(`{},`, 1_000_000) + `{}]}]`, "more than 1000 tasks"},
		"a bomb of comments":   {`[{"tasks": [{"comments": [` + strings.Repeat(`{},`, 300_000) + `{}]}]}]`, "has more than 1000 entries"},
		"a long project":       {`[{"title": "` + strings.Repeat("T", 501) + `"}]`, "line 1, column 12: in the title that begins here, is longer than 500 bytes"},
		"a large task":         {`[{"tasks": [{"description": "` + strings.Repeat(`<ul>`, 300_000) + `"}]}]`, "line 1, column 13: the task that begins here is larger than 1 MiB"},
		"a bomb of lists":      {strings.Repeat(`[{"lists": `, 9) + "[]" + strings.Repeat("}]", 9), "nested too deeply"},
		"more than limit":      {`[{"tasks": [` + strings.Repeat(`{"title": "x"},`, 1000) + `{}]}]`, "more than 1000 tasks"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Read([]byte(tt.json), testOptions)
			if task.ErrorCode(err) != task.CodeInvalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	markdown := newMarkdown()
	const box = `<ul data-type="taskList"><li data-checked="true" data-type="taskItem"><label><input type="checkbox" checked><span></span></label><div><p>x</p></div></li></ul>`
	for text, want := range map[string]string{
		"plain\n\ntext, 1 > 0":                           "plain\n\ntext, 1 > 0",
		"<p>one</p><p>two<br>lines</p>":                  "one\n\ntwo  \nlines",
		"<h2>Head</h2><p>a <em>b</em>  <s>c</s></p>":     "## Head\n\na *b* ~~c~~",
		`see <a href="https://example.com/">this</a>`:    "see [this](https://example.com/)",
		"<pre><code>a  b\n c</code></pre>":               "```\na  b\n c\n```",
		`<ul><li data-checked="true"><p>x</p></li></ul>`: "- [x] x",
		`<ul><li data-checked="false">x</li></ul>`:       "- [ ] x",
		box:                                      "- [x] x",
		"<ol><li>a<ul><li>b</li></ul></li></ol>": "1. a\n   \n   - b",
		"<ul><li><p>a</p><p>b</p></li></ul>":     "- a\n  \n  b",
		"<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>": "a | b\n1 | 2",
		"<script>alert(1)</script>x":                                   "x",
		`<p>a<img src="data:image/png;base64,AAAA" alt="A plan">b</p>`: "aA planb",
		"a < b":                       "a < b",
		"<p>if a -&gt; b &gt; c</p>":  "if a -> b > c",
		"<p>2 * 3 &lt;b&gt; *no*</p>": "2 * 3 &lt;b&gt; *no*",
	} {
		if got := markdown(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestMarkdownOfLongHTML keeps the text of HTML that is too long.
func TestMarkdownOfLongHTML(t *testing.T) {
	t.Parallel()
	const paragraph = "<p><b>a</b></p>"
	text := strings.Repeat(paragraph, maxHTML/len(paragraph)+1)
	want := strings.TrimSpace(strings.Repeat("a\n", maxHTML/len(paragraph)+1))
	if got := newMarkdown()(text); got != want {
		t.Errorf("got %.40q, want the text only: %.40q", got, want)
	}
}

// TestMarkdownOfHostileHTML converts HTML that grows without end, or takes minutes, in a careless
// converter.
func TestMarkdownOfHostileHTML(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"lists in lists":       strings.Repeat("<ul><li>", 100_000) + "end",
		"lists to the limit":   strings.Repeat("<ul><li>a", 16) + strings.Repeat("<li>b", 20_000) + "end",
		"lists over the limit": strings.Repeat("<ul><li>a", 120) + strings.Repeat("<li>b", 20_000) + "end",
		"quotes in quotes":     strings.Repeat("<blockquote>", 16) + strings.Repeat("<p>a", 25_000) + "end",
		"bold in bold":         strings.Repeat("<b>a", 30_000) + "end",
		"bold beside bold":     strings.Repeat("<b>a</b>", 16_000) + "end",
		"links in links":       strings.Repeat(`<a href="/">a`, 9_000) + "end",
		"one wide row":         "<table><tr>" + strings.Repeat("<td>", 15_000) + strings.Repeat("<tr><td>", 8_000) + "end</table>",
		"a wide cell":          `<table><tr><td colspan="1000000000" rowspan="1000000000">a</table>end`,
		"boxes":                strings.Repeat(`<ul><li data-checked="true">`, 16) + strings.Repeat(`<li data-checked="true">`, 4_000) + "end",
		"signs":                "<p>" + strings.Repeat("*_`[", 32_000) + "end",
		"longer than the most": "<b>" + strings.Repeat("<p>a</p>", 1<<17) + "end",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := newMarkdown()(text)
			if !strings.Contains(got, "end") {
				t.Errorf("the last word is lost: %.40q", got)
			}
			if most := 20 * len(text); len(got) > max(most, 1000) {
				t.Errorf("%d bytes of HTML become %d, want at most %d", len(text), len(got), most)
			}
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add(exported(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Read(data, testOptions)
		importertest.Check(t, file, err, len(data), testOptions.Limit)
	})
}
