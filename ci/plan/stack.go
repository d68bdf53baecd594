package plan

import (
	"path"
	"time"
)

const (
	// pulumiProject is the project name in Pulumi.yaml.
	pulumiProject = "taskmaster"
	// pulumiImage contains Pulumi, Go, kubectl, helm, and the command lines of Azure and Google
	// Cloud.
	pulumiImage = "pulumi/pulumi:3.262.0@sha256:cb023f08fc0f8776dc243aa371c11f923c4da52c4477e5679a4610de10e50423"
	// ociCLI is Oracle Cloud's command line. The kubeconfig of OKE calls it to get tokens.
	ociCLI = "oci-cli==3.95.1"
)

// DefaultTimeout is the default time limit of the pipeline. It is enough to deploy, to fail at the
// end of each step's own limit, and to restore.
const DefaultTimeout = 200 * time.Minute

// These are the time limits of steps.
const (
	askTimeout     = 4 * time.Minute
	freeTimeout    = 10 * time.Minute
	previewTimeout = 20 * time.Minute
	upTimeout      = 40 * time.Minute
	accountTimeout = 2 * time.Minute
	smokeTimeout   = 8 * time.Minute
	verifyTimeout  = 10 * time.Minute
)

// Stack is a Pulumi stack that runs a release.
type Stack struct {
	// Name is the name of the stack in Pulumi, with its organization unless that is the default.
	Name string
	// Cloud and URL, the public address, come from the stack's file.
	Cloud, URL string
	// Prod is set if the stack's environment is prod. Untested images are refused there unless
	// AllowUntested is set, the stack's setting allowUntested.
	Prod, AllowUntested bool
	// Settings are the available Credentials.
	Settings
}

// StackFile returns the path of a stack's configuration in the repository.
func StackFile(name string) string { return "stacks/Pulumi." + path.Base(name) + ".yaml" }

// ConfigFile returns the path of the last deployed configuration: the stack's file with the release
// added.
func (s Stack) ConfigFile() string { return Dist + "/Pulumi." + path.Base(s.Name) + ".yaml" }

// AccountFile returns the path of the account of the smoke test.
func (s Stack) AccountFile() string { return Dist + "/" + path.Base(s.Name) + ".smoke.json" }

// HistoryFile returns the path of the stack's history, for ParseRecord.
func (s Stack) HistoryFile() string { return Dist + "/" + path.Base(s.Name) + ".history.json" }

// TagsFile returns the path of the stack's tags, for ParseRecord.
func (s Stack) TagsFile() string { return Dist + "/" + path.Base(s.Name) + ".tags.json" }

// pulumi returns a step that runs a pulumi command on the stack.
func (s Stack) pulumi(name string, args ...string) Step {
	return s.step(name, append(append([]string{"pulumi"}, args...), "--stack", s.Name, "--non-interactive", "--color", "never")...)
}

// step returns a step that runs a command with the stack's credentials.
func (s Stack) step(name string, args ...string) Step {
	step := Step{
		Name: name + " " + s.Name, Image: pulumiImage, Args: args, Always: true, Timeout: askTimeout,
		Env:      map[string]string{"CGO_ENABLED": "0", "PULUMI_SKIP_UPDATE_CHECK": "true"},
		Settings: s.Settings, Sources: []string{"Pulumi.yaml"},
	}
	if s.Cloud == "oke" {
		step.Setup = []string{"env", "UV_TOOL_BIN_DIR=/usr/local/bin", "uv", "tool", "install", ociCLI}
	}
	return step
}

// Inspect reads the history and the tags of a stack.
func Inspect(s Stack) Plan {
	history := s.pulumi("history of", "stack", "history", "--json", "--page-size", historyLength)
	history.Stdout = s.HistoryFile()
	tags := s.pulumi("tags of", "stack", "tag", "ls", "--json")
	tags.Stdout = s.TagsFile()
	return Plan{{history, tags}}
}
