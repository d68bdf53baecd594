package docs

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestArchitectureNamesEveryFolder fails when the tree of architecture.md lacks a folder with source
// code, templates or YAML, or names a folder that does not exist.
func TestArchitectureNamesEveryFolder(t *testing.T) {
	t.Parallel()
	tree := readTree(t, "architecture.md")
	files := trackedFiles(t)
	for _, folder := range sourceFolders(files) {
		if !slices.Contains(tree, folder) {
			t.Errorf("the tree of docs/architecture.md lacks %s/: add a line that describes it", folder)
		}
	}
	folders := allFolders(files)
	for _, folder := range tree {
		if !folders[folder] {
			t.Errorf("the tree of docs/architecture.md names %s/, which does not exist: delete its line", folder)
		}
	}
}

// TestReadmeNamesTheTopFolders fails when the tree of the README lacks a folder of the first level.
func TestReadmeNamesTheTopFolders(t *testing.T) {
	t.Parallel()
	tree := readTree(t, "../README.md")
	var top []string
	for folder := range allFolders(trackedFiles(t)) {
		if !strings.Contains(folder, "/") {
			top = append(top, folder)
		}
	}
	slices.Sort(top)
	slices.Sort(tree)
	reportLines(t, "the tree of README.md lacks", strings.Join(top, "\n"), strings.Join(tree, "\n"))
	reportLines(t, "the tree of README.md names a folder that does not exist", strings.Join(tree, "\n"), strings.Join(top, "\n"))
}

// maxReadme is the largest README in bytes. A longer one is not read; docs/ has the rest.
const maxReadme = 7 << 10

func TestReadmeIsShort(t *testing.T) {
	t.Parallel()
	if size := len(readText(t, "README.md")); size > maxReadme {
		t.Errorf("README.md has %d bytes, at most %d are allowed: move a part to docs/", size, maxReadme)
	}
}

// sourceFolders returns the folders that hold source code, templates or YAML, without test data.
func sourceFolders(files []string) []string {
	var folders []string
	for _, name := range files {
		if strings.Contains(name, "testdata/") || path.Dir(name) == "." {
			continue
		}
		switch path.Ext(name) {
		case ".go", ".html", ".js", ".sql", ".tpl", ".yaml", ".yml":
			folders = append(folders, path.Dir(name))
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// allFolders returns every folder that contains a file, at any depth.
func allFolders(files []string) map[string]bool {
	folders := map[string]bool{}
	for _, name := range files {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	return folders
}

// treeLine matches a line of a tree: its indentation, and the name of a folder with a slash at the end.
var treeLine = regexp.MustCompile(`^( *)(\S+)/(?:\s|$)`)

// readTree returns the folders of the tree of a document. It stands in a fence below the heading
// "Folders", and is indented by two spaces per level.
func readTree(t *testing.T, file string) []string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(source), "\n## Folders\n")
	if !found {
		t.Fatalf("%s has no heading Folders", file)
	}
	_, after, _ = strings.Cut(after, "```text\n")
	tree, _, found := strings.Cut(after, "```")
	if !found {
		t.Fatalf("%s has no tree below the heading Folders", file)
	}
	folders := parseTree(tree)
	if len(folders) == 0 {
		t.Fatalf("the tree of %s is empty", file)
	}
	return folders
}

// parseTree returns the paths of the folders of a tree.
func parseTree(tree string) []string {
	var folders, parents []string
	for line := range strings.Lines(tree) {
		m := treeLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		parents = append(parents[:min(len(m[1])/2, len(parents))], m[2])
		folders = append(folders, strings.Join(parents, "/"))
	}
	return folders
}

func TestTreeIsRead(t *testing.T) {
	t.Parallel()
	got := parseTree("services/     programs\n  web/        the page\n    static/   files\n  api/\ninternal/     libraries\n")
	want := []string{"services", "services/web", "services/web/static", "services/api", "internal"}
	if !slices.Equal(got, want) {
		t.Errorf("the tree has %v, want %v", got, want)
	}
}
