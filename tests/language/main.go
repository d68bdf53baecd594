// Command language checks that comments and documents are plain English:
//
//	go run ./tests/language [-n LINES]
//
// It reads the tracked files of the repository, and prints the share of hard sentences of each
// folder and the longest of them. A sentence is hard when it matches one of the patterns in
// sentences.go. A folder fails at 1 % or more. One hard sentence alone never fails a folder.
//
// The file pending.txt lists the folders that are still to be rewritten. They may fail. A folder
// of the list that passes is an error, and so is one that does not exist, so the list only shrinks.
package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// pendingFile is the list of folders that are still to be rewritten.
//
//go:embed pending.txt
var pendingFile string

// gitTimeout bounds the calls of git, which only list files.
const gitTimeout = time.Minute

func main() {
	lines := flag.Int("n", 20, "number of hard sentences to print")
	flag.Parse()
	if err := run(os.Stdout, *lines); err != nil {
		fmt.Fprintln(os.Stderr, "language:", err)
		os.Exit(1)
	}
}

// run checks the repository that contains the working directory and writes the report to w.
func run(w io.Writer, lines int) error {
	ctx, cancel := context.WithTimeout(context.Background(), gitTimeout)
	defer cancel()
	root, err := git(ctx, ".", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	dir := strings.TrimSpace(string(root))
	names, err := git(ctx, dir, "ls-files", "-z")
	if err != nil {
		return err
	}
	r := newReport()
	for name := range bytes.SplitSeq(names, []byte{0}) {
		if err := r.read(dir, string(name)); err != nil {
			return err
		}
	}
	r.print(w, lines)
	return r.verdict(pending(pendingFile))
}

func git(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run git %s: %w", args[0], err)
	}
	return out, nil
}

// pending returns the folders of a list: one per line, without empty lines and comments.
func pending(list string) []string {
	var folders []string
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			folders = append(folders, line)
		}
	}
	return folders
}

// report counts the sentences of each folder.
type report struct {
	total, hard map[string]int
	found       []finding
}

// finding is a hard sentence of a file.
type finding struct{ file, sentence string }

func newReport() *report { return &report{total: map[string]int{}, hard: map[string]int{}} }

// read adds a tracked file, unless it has no text of ours. A file that was deleted from the working
// tree is left out.
func (r *report) read(dir, name string) error {
	if !hasText(name) {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	r.add(name, string(text))
	return nil
}

// add counts the sentences of a file. Generated files do not count.
func (r *report) add(name, text string) {
	if strings.Contains(text[:min(len(text), 600)], "DO NOT EDIT") {
		return
	}
	key := folder(name)
	for _, s := range sentences(name, text) {
		r.total[key]++
		if isHard(s) {
			r.hard[key]++
			r.found = append(r.found, finding{name, s})
		}
	}
}

// folder returns the first two elements of a path, such as internal/task. A file directly below a
// top-level folder is a folder of its own.
func folder(name string) string {
	parts := strings.Split(name, "/")
	return strings.Join(parts[:min(2, len(parts))], "/")
}

// hasText reports whether a file is read: Go, Markdown, YAML, shell and JavaScript. Test data and
// vendored files are not ours.
func hasText(name string) bool {
	if strings.Contains(name, "testdata") || strings.Contains(name, "/vendor/") || strings.HasSuffix(name, ".min.js") {
		return false
	}
	switch filepath.Ext(name) {
	case ".go", ".md", ".yaml", ".yml", ".sh", ".js":
		return true
	}
	return name == "Makefile" || strings.HasPrefix(name, ".ci/")
}

// fails reports whether a folder has 1 % of hard sentences or more.
func (r *report) fails(folder string) bool {
	return r.hard[folder] > 1 && r.hard[folder]*100 >= r.total[folder]
}

// print writes the share of each folder that has hard sentences, and the longest sentences.
func (r *report) print(w io.Writer, lines int) {
	share := func(folder string) float64 { return 100 * float64(r.hard[folder]) / float64(r.total[folder]) }
	folders := slices.SortedFunc(maps.Keys(r.hard), func(a, b string) int {
		return cmp.Or(cmp.Compare(share(b), share(a)), cmp.Compare(a, b))
	})
	total, hard := 0, 0
	for _, n := range r.total {
		total += n
	}
	for _, f := range folders {
		hard += r.hard[f]
		fmt.Fprintf(w, "%5.1f %%  %4d of %4d  %s\n", share(f), r.hard[f], r.total[f], f)
	}
	fmt.Fprintf(w, "%5.1f %%  %4d of %4d  in all\n", 100*float64(hard)/float64(max(total, 1)), hard, total)
	found := slices.SortedFunc(slices.Values(r.found), func(a, b finding) int {
		return cmp.Or(cmp.Compare(len(strings.Fields(b.sentence)), len(strings.Fields(a.sentence))), cmp.Compare(a.file, b.file))
	})
	for _, f := range found[:min(lines, len(found))] {
		fmt.Fprintf(w, "  %s: %.200s\n", f.file, f.sentence)
	}
}

// verdict returns an error that names the folders that fail, and the lines of the list to delete.
func (r *report) verdict(pending []string) error {
	var problems []error
	for _, f := range slices.Sorted(maps.Keys(r.hard)) {
		if r.fails(f) && !slices.Contains(pending, f) {
			problems = append(problems, fmt.Errorf("%s has %d hard sentences of %d", f, r.hard[f], r.total[f]))
		}
	}
	for _, f := range pending {
		if !r.fails(f) {
			problems = append(problems, fmt.Errorf("%s passes: delete its line in tests/language/pending.txt", f))
		}
	}
	return errors.Join(problems...)
}
