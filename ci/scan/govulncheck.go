package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// stopTimeout is how long govulncheck may take to stop after an interrupt. Then it is killed.
const stopTimeout = 10 * time.Second

// finding is a vulnerability of a program at its closest reach.
type finding struct {
	id, summary string
	aliases     []string
	reach       reach
	// module and version are linked into the program. fixed is the first version without the
	// vulnerability. place is the package or function.
	module, version, fixed, place string
}

// names returns the ID and the aliases of the vulnerability.
func (f finding) names() []string { return append([]string{f.id}, f.aliases...) }

// where returns the affected module and the version that fixes it.
func (f finding) where() string {
	fixed := "no version fixes it"
	if f.fixed != "" {
		fixed = "fixed in " + f.fixed
	}
	return strings.TrimSpace(fmt.Sprintf("%s@%s, %s %s", f.module, f.version, fixed, f.place))
}

// message is an entry of govulncheck's JSON stream (golang.org/x/vuln/internal/govulncheck).
type message struct {
	OSV *struct {
		ID      string   `json:"id"`
		Summary string   `json:"summary"`
		Aliases []string `json:"aliases"`
	} `json:"osv"`
	Finding *struct {
		OSV          string `json:"osv"`
		FixedVersion string `json:"fixed_version"`
		Trace        []struct {
			Module   string `json:"module"`
			Version  string `json:"version"`
			Package  string `json:"package"`
			Function string `json:"function"`
		} `json:"trace"`
	} `json:"finding"`
}

// scan runs govulncheck on a program.
func scan(ctx context.Context, cfg config, program string, errOut io.Writer) ([]finding, error) {
	cmd := exec.CommandContext(ctx, "go", "run", cfg.govulncheck, "-db", cfg.db, "-mode", "binary", "-format", "json", program) //nolint:gosec // the plan chooses the program
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopTimeout
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, errOut
	// With -format json the status is 0 even if there are findings.
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("govulncheck: %w", errors.Join(err, ctx.Err()))
	}
	return read(&printed)
}

// read returns the findings of a stream. Each vulnerability of a module appears once, sorted by
// name.
func read(stream io.Reader) ([]finding, error) {
	known := map[string]finding{}
	nearest := map[string]finding{}
	for d := json.NewDecoder(stream); ; {
		var m message
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("read the findings of govulncheck: %w", err)
		}
		if m.OSV != nil {
			known[m.OSV.ID] = finding{id: m.OSV.ID, summary: m.OSV.Summary, aliases: m.OSV.Aliases}
		}
		if m.Finding == nil || len(m.Finding.Trace) == 0 {
			continue
		}
		at := m.Finding.Trace[0]
		f := finding{id: m.Finding.OSV, fixed: m.Finding.FixedVersion, module: at.Module, version: at.Version, place: at.Package}
		switch {
		case at.Function != "":
			f.reach, f.place = symbol, at.Package+"."+at.Function
		case at.Package != "":
			f.reach = pkg
		}
		key := f.id + " " + f.module
		if had, ok := nearest[key]; !ok || had.reach < f.reach {
			nearest[key] = f
		}
	}
	var all []finding
	for _, f := range nearest {
		f.summary, f.aliases = known[f.id].summary, known[f.id].aliases
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b finding) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.module, b.module)) })
	return all, nil
}
