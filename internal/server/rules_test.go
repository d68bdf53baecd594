package server

import (
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/go-playground/validator/v10"
)

// brokenRuleError is a validation rule that a value breaks.
type brokenRuleError struct {
	validator.FieldError
	tag, param string
	kind       reflect.Kind
}

func (b brokenRuleError) Tag() string        { return b.tag }
func (b brokenRuleError) Param() string      { return b.param }
func (b brokenRuleError) Kind() reflect.Kind { return b.kind }

// TestEveryRuleHasWords reads the rules of all validate tags in the source. Each rule has a message
// in words without the rule's name.
func TestEveryRuleHasWords(t *testing.T) {
	t.Parallel()
	tag := regexp.MustCompile("validate:\"([^\"]+)\"")
	rules := map[string]bool{}
	err := filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, found := range tag.FindAllSubmatch(source, -1) {
			for rule := range strings.SplitSeq(string(found[1]), ",") {
				rules[rule] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(rules) < 10 {
		t.Fatalf("found the rules %v only", rules)
	}
	for rule := range rules {
		name, param, _ := strings.Cut(rule, "=")
		if name == "omitempty" || name == "dive" {
			continue // no value breaks it
		}
		for _, kind := range []reflect.Kind{reflect.String, reflect.Int, reflect.Slice} {
			f := brokenRuleError{tag: name, param: param, kind: kind}
			for _, message := range []string{describe(f), describeInput(f)} {
				if strings.Contains(message, "breaks the rule") {
					t.Errorf("the rule %s has no words: %s", rule, message)
				}
			}
		}
	}
}
