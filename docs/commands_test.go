package docs

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notChecked lists the programs whose commands a test cannot check: they are not part of the
// repository. A command of another program is an error in a block of shell.
var notChecked = []string{
	"az", "cosign", "ctr", "curl", "docker", "gcloud", "gh", "git", "helm", "kafka-console-consumer.sh", "kind", "kubectl", "minikube",
	"oci", "openssl", "oras", "pulumi", "rpk", "skopeo",
}

// shellWords are words of the shell at the beginning of a command.
var shellWords = []string{"cd", "do", "done", "eval", "export", "for", "if", "then", "fi"}

// TestCommandsExist fails when a document shows a command with a target, a package or a flag that
// does not exist.
func TestCommandsExist(t *testing.T) {
	t.Parallel()
	r := readRepository(t)
	checked := 0
	for _, d := range readDocuments(t) {
		for _, c := range commands(d) {
			ours, problem := r.check(c)
			if problem != "" {
				t.Errorf("%s: %q: %s", d.name, c.line, problem)
			}
			if ours {
				checked++
			}
		}
	}
	// Fewer would mean that the blocks are not found any more.
	if checked < 50 {
		t.Errorf("%d commands were checked, there are at least 50", checked)
	}
}

// command is a line of a document.
type command struct {
	line string
	// strict commands are in a block of shell. Other blocks have output and drawings between them.
	strict bool
}

// commands returns the lines of a document that can be commands.
func commands(d document) []command {
	var all []command
	for _, b := range d.blocks {
		strict := b.language == "sh"
		if !strict && b.language != "" {
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
			for part := range strings.SplitSeq(stripComment(line), "&&") {
				if part = strings.TrimSpace(part); part != "" {
					all = append(all, command{part, strict})
				}
			}
		}
	}
	for _, span := range d.code {
		if strings.HasPrefix(span, "make ") || strings.HasPrefix(span, "go run ./") || strings.HasPrefix(span, "go test ./") {
			all = append(all, command{span, false})
		}
	}
	return all
}

// shellComment matches a comment at the end of a line.
var shellComment = regexp.MustCompile(`(^|\s)#\s.*$`)

func stripComment(line string) string {
	return strings.TrimSpace(shellComment.ReplaceAllString(strings.TrimSpace(line), ""))
}

// repository is the part of the repository that commands refer to.
type repository struct {
	makefile string
	// targets are those of the Makefile. variables are the names that it or a program reads.
	targets, variables map[string]bool
	// subcommands are those of the program api.
	subcommands map[string]bool
	// sources holds the Go source of each folder, with that of the folders below it.
	sources map[string]string
	// flags are those that the programs of a folder define. They are found on demand.
	flags map[string]map[string]bool
}

var (
	makeTarget = regexp.MustCompile(`(?m)^([a-z][\w-]*):`)
	// makePattern is a pattern rule such as test-on-%. Its targets are listed elsewhere.
	makePattern  = regexp.MustCompile(`(?m)^([a-z][\w-]*-)%:`)
	makeVariable = regexp.MustCompile(`\$\((?:or |if )?\$?\(?([A-Z_]+)\b|(?m:^([A-Z_]+) *[:?]?=)`)
	environment  = regexp.MustCompile(`(?:[gG]etenv|LookupEnv)\("([A-Z_]+)"\)|env:"([A-Z_]+)"`)
	subcommand   = regexp.MustCompile(`(?m)^\t"([\w-]+)":\s+\w+,$`)
	// flagDefinition matches a call that defines a flag: flags.Int("n", …), flags.StringVar(&c.dir, "dir", …).
	flagDefinition = regexp.MustCompile(`\.(?:Bool|String|Int|Int64|Uint|Uint64|Float64|Duration|Func|BoolFunc|Text)?(?:Var)?\((?:&?[\w.]+, )?"([\w-]+)"`)
)

func readRepository(t *testing.T) repository {
	t.Helper()
	r := repository{targets: map[string]bool{}, variables: map[string]bool{}, subcommands: map[string]bool{}, sources: map[string]string{}, flags: map[string]map[string]bool{}}
	r.makefile = readText(t, "Makefile")
	for _, m := range makeTarget.FindAllStringSubmatch(r.makefile, -1) {
		r.targets[m[1]] = true
	}
	for _, m := range makeVariable.FindAllStringSubmatch(r.makefile, -1) {
		r.variables[m[1]+m[2]] = true
	}
	for _, name := range trackedFiles(t) {
		if path.Ext(name) != ".go" {
			continue
		}
		source := readText(t, name)
		// Variables of make are in the environment of the programs that it runs.
		for _, m := range environment.FindAllStringSubmatch(source, -1) {
			r.variables[m[1]+m[2]] = true
		}
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			r.sources[dir] += source
		}
		if path.Dir(name) == "services/api" && strings.Contains(source, "\nvar commands = map") {
			for _, m := range subcommand.FindAllStringSubmatch(source, -1) {
				r.subcommands[m[1]] = true
			}
		}
	}
	if len(r.subcommands) == 0 {
		t.Fatal("services/api has no commands")
	}
	return r
}

func readText(t *testing.T, name string) string {
	t.Helper()
	source, err := os.ReadFile(inRepository(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// check reports whether a command is one of ours, and returns a description of its problem.
func (r repository) check(c command) (ours bool, problem string) {
	words := dropAssignments(splitWords(c.line))
	if len(words) == 0 {
		return false, ""
	}
	if len(words) > 2 && words[0] == "dagger" && words[1] == "run" {
		words = words[2:]
	}
	program, args := words[0], words[1:]
	switch {
	case program == "make":
		return true, r.checkMake(args)
	case program == "go" && len(args) > 0:
		return true, r.checkGo(args[0], args[1:])
	case program == "api" && len(args) > 0:
		return true, r.checkAPI(args[0], args[1:])
	case strings.Contains(program, "/") && (c.strict || strings.HasPrefix(program, ".ci/")):
		_, err := os.Stat(inRepository(program))
		if err != nil {
			return true, "there is no file " + program
		}
		return true, ""
	case c.strict && !slices.Contains(notChecked, program) && !slices.Contains(shellWords, program):
		return false, "the program is neither ours nor in the list of programs that are not checked"
	}
	return false, ""
}

// checkMake checks the targets and variables of a call of make. ARGS has flags of the program that
// the target runs.
func (r repository) checkMake(args []string) string {
	program, flags, target := "", "", ""
	for _, arg := range args {
		name, value, isVariable := strings.Cut(arg, "=")
		switch {
		case strings.HasPrefix(arg, "-"):
		case isVariable && name == "ARGS":
			flags = value
		case isVariable && !r.variables[name]:
			return "neither the Makefile nor a program reads " + name
		case isVariable:
		case !r.isTarget(arg):
			return "the Makefile has no target " + arg
		default:
			program, target = r.programOf(arg), arg
		}
	}
	if words := splitWords(flags); target == "api" && len(words) > 0 {
		return r.checkAPI(words[0], words[1:])
	}
	if program == "" {
		return ""
	}
	return r.checkFlags(program, splitWords(flags))
}

func (r repository) isTarget(name string) bool {
	if r.targets[name] {
		return true
	}
	return slices.ContainsFunc(makePattern.FindAllStringSubmatch(r.makefile, -1), func(m []string) bool { return strings.HasPrefix(name, m[1]) })
}

// programOf returns the folder of the program that a target passes ARGS to, or "".
func (r repository) programOf(target string) string {
	recipe := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(target) + `:.*\n(?:\t.*\n)*?\t@?go run (?:\./(\S+)|-C (\S+) \.) .*\$\(ARGS\)`)
	if m := recipe.FindStringSubmatch(r.makefile); m != nil {
		return m[1] + m[2]
	}
	return ""
}

// checkGo checks the packages of a go command, and the flags of a program that it runs.
func (r repository) checkGo(command string, args []string) string {
	if command != "run" && command != "test" && command != "build" && command != "vet" {
		return ""
	}
	for i, arg := range args {
		if !strings.HasPrefix(arg, "./") {
			continue // a flag of the go command, or its value
		}
		dir := strings.TrimPrefix(strings.TrimSuffix(arg, "/..."), "./")
		source, found := r.sources[dir]
		if !found && dir != "." {
			return "there is no package " + arg
		}
		if command == "run" {
			if !strings.Contains(source, "package main\n") {
				return arg + " is no program"
			}
			return r.checkFlags(dir, args[i+1:])
		}
		if command == "test" && slices.Contains(args, "-update") && !strings.Contains(source, `flag.Bool("update"`) {
			return "the tests of " + arg + " have no flag -update"
		}
	}
	return ""
}

// checkAPI checks a command of the program api.
func (r repository) checkAPI(command string, args []string) string {
	if !r.subcommands[command] {
		return "api has no command " + command
	}
	return r.checkFlags("services/api", args)
}

// checkFlags returns a problem when a program does not define a flag.
func (r repository) checkFlags(dir string, args []string) string {
	defined := r.flags[dir]
	if defined == nil {
		defined = map[string]bool{"h": true, "help": true}
		for _, m := range flagDefinition.FindAllStringSubmatch(r.sources[dir], -1) {
			defined[m[1]] = true
		}
		r.flags[dir] = defined
	}
	for _, arg := range args {
		name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if strings.HasPrefix(arg, "-") && name != "" && !defined[name] {
			return dir + " has no flag -" + name
		}
	}
	return ""
}

// dropAssignments removes the variables before a command: DATABASE_URL=... api replay.
func dropAssignments(words []string) []string {
	for len(words) > 0 {
		name, _, found := strings.Cut(words[0], "=")
		if !found || name == "" || strings.ToUpper(name) != name {
			break
		}
		words = words[1:]
	}
	return words
}

// splitWords splits a command at blanks outside quotes, and removes the quotes.
func splitWords(line string) []string {
	var words []string
	var word strings.Builder
	var quote rune
	begun := false
	for _, c := range line {
		switch {
		case quote == 0 && (c == '"' || c == '\''):
			quote, begun = c, true
		case c == quote:
			quote = 0
		case quote == 0 && (c == ' ' || c == '\t'):
			if begun {
				words = append(words, word.String())
				word.Reset()
			}
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words
}

func TestWrongCommandsAreFound(t *testing.T) {
	t.Parallel()
	r := readRepository(t)
	right := []string{
		"make test", "make run BROKER=redis", `make faults ARGS="-broker kafka -seed 7"`, "make test-on-redis", "go run ./ci -plan check",
		"dagger run go run ./ci", "DATABASE_URL=... api dead-letters replay -all", `make api ARGS="events tail -follow"`, "go test ./docs -update", "kubectl get pods", ".ci/run",
	}
	for _, line := range right {
		if _, problem := r.check(command{line, true}); problem != "" {
			t.Errorf("%q: %s", line, problem)
		}
	}
	wrong := map[string]string{
		`make api ARGS="events -folow"`: "services/api has no flag -folow",
		"make tets":                     "the Makefile has no target tets",
		"make run BROKR=redis":          "neither the Makefile nor a program reads BROKR",
		`make faults ARGS="-sed 7"`:     "tests/faults has no flag -sed",
		"go run ./tests/missing":        "there is no package ./tests/missing",
		"go run ./internal/task":        "./internal/task is no program",
		"go test ./services -update":    "the tests of ./services have no flag -update",
		"api dead-letter":               "api has no command dead-letter",
		"api replay --from 2h":          "services/api has no flag -from",
		"tests/missing 7":               "there is no file tests/missing",
		"terraform apply -auto-apply":   "the program is neither ours nor in the list of programs that are not checked",
	}
	for line, want := range wrong {
		if _, problem := r.check(command{line, true}); problem != want {
			t.Errorf("the problem of %q is %q, want %q", line, problem, want)
		}
	}
}
