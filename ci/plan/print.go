package plan

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Print writes the steps of a command's plan with everything that affects them. The golden files
// hold this text.
func (p Plan) Print(w io.Writer, command string) {
	for i, stage := range p {
		for _, s := range stage {
			fmt.Fprintf(w, "%s %d: %s\n", command, i+1, s.Name)
			s.print(w)
		}
	}
}

// print writes the settings of a step, one per line, without the empty ones.
func (s Step) print(w io.Writer) {
	line := func(label string, values ...string) {
		if words := quoted(values); words != "" {
			fmt.Fprintf(w, "    %s %s\n", label, words)
		}
	}
	line("in", s.Image)
	line("with packages", s.Packages...)
	line("after", s.Setup...)
	line("run", s.Args...)
	line("env", variables(s.Env)...)
	line("variables", s.Variables...)
	line("secrets", s.Secrets...)
	line("secret files", s.SecretFiles...)
	line("sees", s.Sources...)
	line("without", s.Without...)
	line("needs", s.Needs...)
	line("leaves", s.Outputs...)
	line("reports", s.Reports...)
	line("prints to", s.Stdout)
	line("keeps", s.Caches...)
	for _, b := range s.Services {
		line("beside", b.Name, "in", b.Image, "on", strconv.Itoa(b.Port), "as", b.Variable+"="+b.URL)
		line("  run", b.Args...)
		line("  env", variables(b.Env)...)
	}
	if s.Timeout != 0 {
		line("within", s.Timeout.String())
	}
	if s.Always {
		line("runs", "always")
	}
	if s.Optional {
		line("may", "fail")
	}
}

// variables returns the entries of an environment as NAME=VALUE, sorted by name.
func variables(env map[string]string) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		all = append(all, name+"="+env[name])
	}
	return all
}

// quoted joins words with spaces. It quotes words that are not one plain word, such as an argument
// with a space.
func quoted(words []string) string {
	var all []string
	for _, word := range words {
		if strings.ContainsAny(word, " \t\n\"'") {
			word = strconv.Quote(word)
		}
		all = append(all, word)
	}
	return strings.Join(all, " ")
}
