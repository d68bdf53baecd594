package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// config is what the user asked for.
type config struct {
	root       string // of the repository
	dir        string // what is kept
	addr       string // of the page
	freePorts  bool
	broker     broker
	brokerName string
	components string // folder of the pub/sub components
	brokerAt   string // where sidecars reach the broker, if not where it listens
	databaseAt string // where services reach PostgreSQL, if not where it listens
	tuning     tuning
	restart    bool
	dev        bool // templates and static files come from disk
	backups    schedule
	file       string         // of a backup
	verb       string         // empty: run
	services   []string       // which to run, in the order of the catalogue
	replicas   map[string]int // more than one
	getenv     func(string) string
}

const (
	verbBuild   = "build"
	verbClean   = "clean"
	verbBackup  = "backup"
	verbRestore = "restore"
)

// loadConfig reads the command line. Usage and its errors go to w.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{replicas: map[string]int{}, getenv: getenv}
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.dir, "dir", ".local", "folder for what is kept between runs")
	flags.StringVar(&c.addr, "addr", defaultAddr, "address of the page")
	ports := flags.String("ports", "fixed", "fixed: always the same ports; free: any that are free, see system.json in -dir")
	replicas := flags.String("replicas", "", "services to run more than once, such as recurring=2,live=2")
	services := flags.String("services", strings.Join(serviceNames(), ","), "services to run, with what they need")
	flags.StringVar(&c.brokerName, "broker", "nats", "broker of the events: "+brokerNames())
	flags.StringVar(&c.components, "components", "", "folder of the pub/sub components (default dapr/components/BROKER)")
	flags.StringVar(&c.brokerAt, "broker-at", "", "host:port of what stands between sidecars and the broker, such as a proxy")
	flags.StringVar(&c.databaseAt, "database-at", "", "host:port of what stands between services and PostgreSQL, such as a proxy")
	c.tuning.register(flags)
	flags.BoolVar(&c.restart, "restart", false, "restart a process that dies, instead of ending")
	flags.BoolVar(&c.dev, "dev", false, "serve templates and static files from disk, so that an edit shows on reload")
	flags.Usage = func() {
		fmt.Fprintln(w, "usage: local [build | clean | backup FILE | restore FILE] [flags]")
		flags.PrintDefaults()
	}

	if len(args) > 0 && slices.Contains([]string{verbBuild, verbClean, verbBackup, verbRestore}, args[0]) {
		c.verb, args = args[0], args[1:]
	}
	if c.verb == verbBackup || c.verb == verbRestore {
		if len(args) == 0 || strings.HasPrefix(args[0], "-") {
			return c, fmt.Errorf("name the file: %s FILE", c.verb)
		}
		c.file, args = args[0], args[1:]
	}
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	if flags.NArg() > 0 {
		return c, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}

	var err error
	if c.root, err = repository(); err != nil {
		return c, err
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return c, err
	}
	if c.backups, err = loadSchedule(c.dir, getenv); err != nil {
		return c, err
	}
	if c.broker, err = findBroker(c.brokerName); err != nil {
		return c, err
	}
	if c.components == "" {
		c.components = filepath.Join(c.root, "dapr", "components", c.brokerName)
	}
	if c.components, err = filepath.Abs(c.components); err != nil {
		return c, err
	}
	switch *ports {
	case "fixed":
	case "free":
		c.freePorts = true
		if c.addr == defaultAddr {
			c.addr = "127.0.0.1:0"
		}
	default:
		return c, fmt.Errorf("-ports is fixed or free, not %q", *ports)
	}
	if _, _, err := net.SplitHostPort(c.addr); err != nil {
		return c, fmt.Errorf("-addr: %w", err)
	}
	for name, at := range map[string]string{"broker-at": c.brokerAt, "database-at": c.databaseAt} {
		if _, _, err := net.SplitHostPort(at); at != "" && err != nil {
			return c, fmt.Errorf("-%s: %w", name, err)
		}
	}
	if err := c.parseServices(*services); err != nil {
		return c, err
	}
	return c, c.parseReplicas(*replicas)
}

func (c *config) parseServices(list string) error {
	wanted := strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
	for _, name := range wanted {
		if !slices.Contains(serviceNames(), name) {
			return fmt.Errorf("-services: there is no service %q, only %s", name, strings.Join(serviceNames(), ", "))
		}
	}
	for _, name := range serviceNames() {
		if slices.Contains(wanted, name) {
			c.services = append(c.services, name)
		}
	}
	return nil
}

func (c *config) parseReplicas(list string) error {
	for pair := range strings.SplitSeq(list, ",") {
		if pair == "" {
			continue
		}
		name, number, _ := strings.Cut(pair, "=")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > maxReplicas {
			return fmt.Errorf("-replicas: %q is not a service and a number up to %d, such as live=2", pair, maxReplicas)
		}
		if !slices.Contains(c.services, name) {
			return fmt.Errorf("-replicas: service %q does not run", name)
		}
		c.replicas[name] = n
	}
	return nil
}

// repository returns the folder of this program's source, found from the working directory upwards: the programs are built
// from it, and sidecars read their components from it.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module taskmaster\n") {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("run this inside TaskMaster's source folder")
		}
		dir = parent
	}
}
