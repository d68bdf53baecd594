package todoist

import (
	"crypto/sha256"
	"fmt"
	"path"
	"regexp"
	"strings"

	"taskmaster/internal/importer"
	"taskmaster/internal/task"
)

// reader collects the tasks of a file.
type reader struct {
	o       importer.Options
	project string
	section string
	file    importer.File
	// open is the task that receives the following notes.
	open *pending
	// parents are the titles of the tasks above the line, by level of indentation.
	parents []string
	// keys counts equal tasks.
	keys map[string]int
}

// pending is a task that may receive further notes.
type pending struct {
	row
	key     string
	task    task.Task
	written []string // paragraphs of the description
	size    int      // of its comments, in bytes
	changed []string
}

func newReader(o importer.Options) *reader {
	return &reader{o: o, project: projectOf(o.Name), keys: map[string]int{}}
}

// backupID is the suffix of a project's name in a backup.
var backupID = regexp.MustCompile(`\s*\[[0-9A-Za-z]+\]$`)

// projectOf returns the project in a file's name. It returns "" for the inbox.
func projectOf(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.TrimSpace(backupID.ReplaceAllString(strings.TrimSuffix(name, path.Ext(name)), ""))
	if name == "." || name == "/" || strings.EqualFold(name, "inbox") {
		return ""
	}
	return name
}

// row reads a line. A line that is not a task and belongs to none becomes a task. Its text is then
// not lost.
func (r *reader) row(x row) error {
	content := x.get("CONTENT")
	kind := strings.ToLower(x.get("TYPE"))
	switch {
	case kind == "task":
		return r.task(x, content)
	case kind == "section" && len(content) > maxName:
		return task.Errorf(task.CodeInvalid, "line %d: the section's name is longer than %d bytes", x.line, maxName)
	case kind == "section":
		r.finish()
		r.section, r.parents = content, nil
	case content == "" || kind == "meta": // an empty line, or the display settings of the project
	case kind == "note" && r.open != nil:
		r.open.written = append(r.open.written, content)
		if r.open.size += len(content); r.open.size > maxComments {
			return task.Errorf(task.CodeInvalid, "line %d: the comments of the task on line %d are larger than %d MiB", x.line, r.open.line, maxComments>>20)
		}
	case kind == "note":
		return r.task(x, content, "is a comment without a task above it: it is a task of its own now")
	default:
		return r.task(x, content, fmt.Sprintf("is imported as a task although its TYPE is %q", importer.Shorten(kind)))
	}
	return nil
}

// task begins a task. The messages describe how the line became a task.
func (r *reader) task(x row, content string, changes ...string) error {
	r.finish()
	if err := r.o.Stopped(); err != nil {
		return err
	}
	if len(r.file.Tasks) >= r.o.Limit {
		return task.Errorf(task.CodeInvalid, "line %d: the file has more than %d tasks: split it", x.line, r.o.Limit)
	}
	zone, err := r.zone(x)
	p := &pending{row: x, changed: changes}
	if err != nil {
		p.changed = append(p.changed, err.Error())
	}
	p.task = task.Task{TimeZone: zone.String()}
	var labels []string
	p.task.Title, labels = splitLabels(content)
	if p.task.Title == "" {
		p.task.Title = content
	}
	p.task.Tags = append([]string{r.project, r.section}, labels...)
	p.task.Priority = p.priority()
	if text := x.get("DESCRIPTION"); text != "" {
		p.written = append(p.written, text)
	}
	p.due(r.o.Now, zone)
	r.indent(p)
	p.extras()
	where := fmt.Sprintf("%q %q %q %q", r.project, r.section, r.parents[:len(r.parents)-1], content)
	key := fmt.Sprintf("todoist %x", sha256.Sum256([]byte(where)))
	r.keys[key]++
	p.key = fmt.Sprint(key, " ", r.keys[key])
	r.open = p
	return nil
}

// splitLabels removes the labels from a task's content and returns them.
func splitLabels(content string) (title string, labels []string) {
	var words []string
	for _, word := range strings.Fields(content) {
		if label, ok := strings.CutPrefix(word, "@"); ok && label != "" {
			labels = append(labels, label)
		} else {
			words = append(words, word)
		}
	}
	return strings.Join(words, " "), labels
}

func (p *pending) priority() task.Priority {
	switch given := p.get("PRIORITY"); given {
	case "1":
		return task.PriorityHigh
	case "2":
		return task.PriorityMedium
	case "3":
		return task.PriorityLow
	case "4", "":
		return task.PriorityNone
	default:
		p.keep("Priority", given, "the priority is not 1 to 4")
		return task.PriorityNone
	}
}

// keep adds a value without a field to the description, and a message with the reason.
func (p *pending) keep(name, value, reason string) {
	p.written = append(p.written, name+": "+value)
	p.changed = append(p.changed, fmt.Sprintf("%s: %q is in the description", reason, importer.Shorten(value)))
}

// indent adds the parents of a task to its description.
func (r *reader) indent(p *pending) {
	level := 1
	if _, err := fmt.Sscanf(p.get("INDENT"), "%d", &level); err != nil || level < 1 {
		level = 1
	}
	level = min(level, len(r.parents)+1, maxIndent)
	r.parents = append(r.parents[:level-1:level-1], importer.Shorten(p.task.Title))
	if level > 1 {
		p.keep("Part of", strings.Join(r.parents[:level-1], " > "), "there are no sub-tasks")
	}
}

// extras adds values that tasks cannot hold to the description.
func (p *pending) extras() {
	if person := p.get("RESPONSIBLE"); person != "" {
		p.keep("Responsible", person, "tasks have no assignee")
	}
	if length := p.get("DURATION"); length != "" && length != "None" {
		p.keep("Duration", strings.TrimSpace(length+" "+p.get("DURATION_UNIT")), "tasks have no duration")
	}
}

// finish adds the open task to the file.
func (r *reader) finish() {
	p := r.open
	r.open = nil
	if p == nil {
		return
	}
	p.task.Description = strings.Join(p.written, "\n\n")
	first := len(r.file.Notes)
	r.file.AddFitted(importer.Task{Key: p.key, Line: p.line, Task: p.task}, p.changed)
	r.file.Notes = r.file.Notes[:min(len(r.file.Notes), maxNotes)]
	for i := range r.file.Notes[first:] {
		r.file.Notes[first+i].Title = importer.Shorten(r.file.Notes[first+i].Title)
	}
}
