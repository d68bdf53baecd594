package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// minMajor is the oldest version of PostgreSQL that can serve the schema.
const minMajor = 15

// installed lists the folders into which packages of the known systems install PostgreSQL's
// programs.
var installed = []string{
	"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
	"/usr/pgsql-*/bin",                                   // PostgreSQL's own RPMs
	"/usr/libexec/postgresql*",                           // Alpine
	"/usr/local/pgsql/bin",                               // from source
	"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew
	"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
	"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
	`C:\Program Files\PostgreSQL\*\bin`,                  // the Windows installer
}

// programsVariable names the environment variable that selects PostgreSQL's programs: a folder, or
// fetchPrograms.
const programsVariable = "POSTGRES_PROGRAMS"

// fetchPrograms selects the fetched programs, even if others are installed. Tests append a major
// version, as in fetch-18.
const fetchPrograms = "fetch"

// binaries returns the folder of programs that can serve cfg.Dir. It prefers the user's choice.
// Otherwise it takes the major version of existing data, or the newest version on the machine. If
// none is installed, it fetches the programs.
func binaries(ctx context.Context, cfg Config) (string, error) {
	major, err := dataMajor(filepath.Join(cfg.Dir, "data"))
	if err != nil {
		return "", err
	}
	wanted := fetchMajor
	switch chosen := os.Getenv(programsVariable); chosen {
	case "":
		if bin, ok := find(ctx, major); ok {
			return bin, nil
		}
	case fetchPrograms:
	default:
		version, ok := strings.CutPrefix(chosen, fetchPrograms+"-")
		if !ok {
			return choose(ctx, chosen, major)
		}
		if wanted, err = strconv.Atoi(version); err != nil || archives[wanted].version == "" {
			return "", fmt.Errorf("%s: PostgreSQL %s cannot be fetched, only %v", programsVariable, version, slices.Sorted(maps.Keys(archives)))
		}
	}
	if major != 0 && major != wanted {
		return "", fmt.Errorf("the data was made by PostgreSQL %d, which is not on this machine: install it, or remove the folder", major)
	}
	return fetch(ctx, wanted, cfg.Log)
}

// choose returns the user's folder if its programs run and can serve data of the wanted major
// version. The version 0 means any.
func choose(ctx context.Context, dir string, want int) (string, error) {
	major := programMajor(ctx, dir)
	if major < minMajor {
		return "", fmt.Errorf("%s: %s has no initdb and postgres of version %d or newer", programsVariable, dir, minMajor)
	}
	if want != 0 && major != want {
		return "", fmt.Errorf("%s: %s has PostgreSQL %d, and the data was made by %d", programsVariable, dir, major, want)
	}
	return dir, nil
}

// Fetch downloads the programs for the data below dir if they are missing. Start then need not
// fetch them. It writes its progress to log.
func Fetch(ctx context.Context, dir string, log io.Writer) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	_, err = binaries(ctx, Config{Dir: dir, Log: log})
	return err
}

// find returns the folder of the newest PostgreSQL on the machine. If want is not 0, it returns
// that major version.
func find(ctx context.Context, want int) (bin string, ok bool) {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, pattern := range installed {
		found, _ := filepath.Glob(pattern) // fails only for a malformed pattern
		dirs = append(dirs, found...)
	}

	best := 0
	for _, dir := range slices.Compact(dirs) {
		major := programMajor(ctx, dir)
		if major < minMajor || (want != 0 && major != want) || major <= best {
			continue
		}
		best, bin = major, dir
	}
	return bin, best != 0
}

var versionRE = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// programMajor returns the major version of the programs in a folder. It returns 0 if a program is
// missing or does not run.
func programMajor(ctx context.Context, dir string) int {
	if _, err := exec.LookPath(filepath.Join(dir, "initdb")); err != nil {
		return 0
	}
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	match := versionRE.FindSubmatch(out)
	if err != nil || match == nil {
		return 0
	}
	major, _ := strconv.Atoi(string(match[1]))
	return major
}

// dataMajor returns the version that created the data directory. It returns 0 if there is none.
func dataMajor(data string) (int, error) {
	b, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}
