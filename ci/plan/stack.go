package plan

import (
	"path"
	"time"
)

const (
	// pulumiProject is the name in Pulumi.yaml.
	pulumiProject = "taskmaster"
	// pulumiImage has Pulumi and Go, and with them kubectl, helm, and the command lines of Azure and Google Cloud.
	pulumiImage = "pulumi/pulumi:3.262.0@sha256:cb023f08fc0f8776dc243aa371c11f923c4da52c4477e5679a4610de10e50423"
	// ociCLI is Oracle Cloud's command line, by which a kubeconfig of OKE gets its tokens.
	ociCLI = "oci-cli==3.95.1"
)

// DefaultTimeout is how long the pipeline may take if nothing else is said. It is enough to deploy, to fail at the end of each step's
// own time, and to restore.
const DefaultTimeout = 3 * time.Hour

// How long steps may take.
const (
	askTimeout     = 4 * time.Minute
	freeTimeout    = 10 * time.Minute
	previewTimeout = 20 * time.Minute
	upTimeout      = 40 * time.Minute
	smokeTimeout   = 8 * time.Minute
)

// Stack is where a release runs: a stack of Pulumi's.
type Stack struct {
	// Name is Pulumi's, with its organization before it where that is not the default.
	Name string
	// Cloud and URL, the public address, are what its file says.
	Cloud, URL string
	// Secrets and SecretFiles are the credentials that are set.
	Secrets, SecretFiles []string
}

// StackFile is a stack's configuration in the repository.
func StackFile(name string) string { return "stacks/Pulumi." + path.Base(name) + ".yaml" }

// ConfigFile is the configuration that a stack was last deployed with: its file, with the release in it.
func (s Stack) ConfigFile() string { return Dist + "/Pulumi." + path.Base(s.Name) + ".yaml" }

// HistoryFile and TagsFile are what Pulumi knows of a stack, for ParseRecord.
func (s Stack) HistoryFile() string { return Dist + "/" + path.Base(s.Name) + ".history.json" }

// TagsFile is beside HistoryFile.
func (s Stack) TagsFile() string { return Dist + "/" + path.Base(s.Name) + ".tags.json" }

// pulumi is a step that runs a command of Pulumi's on the stack.
func (s Stack) pulumi(name string, args ...string) Step {
	return s.step(name, append(append([]string{"pulumi"}, args...), "--stack", s.Name, "--non-interactive", "--color", "never")...)
}

// step runs a command with the stack's credentials.
func (s Stack) step(name string, args ...string) Step {
	step := Step{
		Name: name + " " + s.Name, Image: pulumiImage, Args: args, Always: true, Timeout: askTimeout,
		Env:     map[string]string{"CGO_ENABLED": "0", "PULUMI_SKIP_UPDATE_CHECK": "true"},
		Secrets: s.Secrets, SecretFiles: s.SecretFiles, Sources: []string{"Pulumi.yaml"},
	}
	if s.Cloud == "oke" {
		step.Setup = []string{"env", "UV_TOOL_BIN_DIR=/usr/local/bin", "uv", "tool", "install", ociCLI}
	}
	return step
}

// Look finds out what runs on a stack.
func Look(s Stack) Plan {
	history := s.pulumi("history of", "stack", "history", "--json", "--page-size", historyLength)
	history.Stdout = s.HistoryFile()
	tags := s.pulumi("tags of", "stack", "tag", "ls", "--json")
	tags.Stdout = s.TagsFile()
	return Plan{{history, tags}}
}
