package docs

import (
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestLinksLeadSomewhere fails when a document links to a file or an anchor that does not exist.
func TestLinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	documents := readDocuments(t)
	anchors := map[string]map[string]bool{}
	for _, d := range documents {
		anchors[d.name] = d.anchors
	}
	for _, d := range documents {
		for _, link := range d.links {
			if problem := checkLink(d.name, link, anchors); problem != "" {
				t.Errorf("%s: the link %q %s", d.name, link, problem)
			}
		}
	}
}

// checkLink returns a description of the problem of a link, or "".
func checkLink(from, link string, anchors map[string]map[string]bool) string {
	u, err := url.Parse(link)
	switch {
	case err != nil:
		return "is no URL: " + err.Error()
	case u.Scheme != "":
		return "" // another site, which a test without a network cannot check
	case u.Host != "" || strings.HasPrefix(u.Path, "/"):
		return "is not relative"
	}
	target := from
	if u.Path != "" {
		target = path.Join(path.Dir(from), u.Path)
	}
	if strings.HasPrefix(target, "..") {
		return "leaves the repository"
	}
	if _, err := os.Stat(inRepository(target)); err != nil {
		return "leads to no file"
	}
	if u.Fragment == "" {
		return ""
	}
	if path.Ext(target) != ".md" {
		return "has an anchor in a file that is no document"
	}
	if !anchors[target][u.Fragment] {
		return "has an anchor that " + target + " does not have"
	}
	return ""
}

// repositoryPath matches a code span that is the path of a file or folder of the repository.
var repositoryPath = regexp.MustCompile(`^(?:\.ci|\.github|ci|cmd|dapr|docs|infra|internal|services|stacks|tests)(?:/[\w.-]+)+/?$`)

// TestPathsExist fails when a document names a file or folder of the repository that does not exist.
func TestPathsExist(t *testing.T) {
	t.Parallel()
	for _, d := range readDocuments(t) {
		for _, span := range d.code {
			if !repositoryPath.MatchString(span) {
				continue
			}
			if _, err := os.Stat(inRepository(span)); err != nil {
				t.Errorf("%s names %s, which does not exist", d.name, span)
			}
		}
	}
}

// TestEveryPageIsLinked fails when a page of docs/ cannot be reached from its table of contents.
func TestEveryPageIsLinked(t *testing.T) {
	t.Parallel()
	linked := map[string][]string{}
	var pages []string
	for _, d := range readDocuments(t) {
		for _, link := range d.links {
			linked[d.name] = append(linked[d.name], path.Join(path.Dir(d.name), link))
		}
		if strings.HasPrefix(d.name, "docs/") && path.Base(d.name) != "README.md" {
			pages = append(pages, d.name)
		}
	}
	for _, page := range pages {
		if contents := path.Join(path.Dir(page), "README.md"); !slices.Contains(linked[contents], page) {
			t.Errorf("%s does not link to %s", contents, page)
		}
	}
}

func TestBrokenLinksAreFound(t *testing.T) {
	t.Parallel()
	anchors := map[string]map[string]bool{"docs/README.md": {"documents": true}}
	cases := map[string]string{
		"README.md#documents":  "",
		"../go.mod":            "",
		"https://example.com/": "",
		"missing.md":           "leads to no file",
		"README.md#missing":    "has an anchor that docs/README.md does not have",
		"../../elsewhere.md":   "leaves the repository",
		"/README.md":           "is not relative",
		"../go.mod#require":    "has an anchor in a file that is no document",
	}
	for link, want := range cases {
		if got := checkLink("docs/README.md", link, anchors); got != want {
			t.Errorf("checkLink(%q) = %q, want %q", link, got, want)
		}
	}
}
