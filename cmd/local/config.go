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

// config holds the command line and the settings of the environment.
type config struct {
	command    string // empty: run
	root       string // folder of the repository
	dir        string // folder of the data
	addr       string // of the page
	freePorts  bool
	broker     brokerKind
	components string // folder of the pub/sub components
	brokerAt   string // host:port of the broker for sidecars, if it differs from the listener
	databaseAt string // host:port of PostgreSQL for services, if it differs from the listener
	tuning     tuning
	restart    bool
	dapr       string // version of Dapr to build
	dev        bool   // templates and static files come from disk
	backups    backupSchedule
	file       string         // of a backup
	args       []string       // of a command of api
	services   []string       // to run, in the order of the catalogue
	replicas   map[string]int // of services that run more than once
	getenv     func(string) string
}

// The commands of the command line.
const (
	commandBuild   = "build"
	commandClean   = "clean"
	commandBackup  = "backup"
	commandRestore = "restore"
	commandAPI     = "api"
)

// rawFlags are the flags that loadConfig converts.
type rawFlags struct{ ports, replicas, services, broker string }

// loadConfig reads the command line. It prints usage and errors of flags to w.
func loadConfig(args []string, getenv func(string) string, w io.Writer) (config, error) {
	c := config{replicas: map[string]int{}, getenv: getenv}
	args, err := c.parseCommand(args)
	if err != nil {
		return c, err
	}
	raw, err := c.parseFlags(args, w)
	if err != nil {
		return c, err
	}
	if c.root, err = repository(); err != nil {
		return c, err
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return c, fmt.Errorf("-dir: %w", err)
	}
	if c.backups, err = loadBackupSchedule(c.dir, getenv); err != nil {
		return c, err
	}
	if err := c.parseBroker(raw.broker); err != nil {
		return c, err
	}
	if err := c.parseAddresses(raw.ports); err != nil {
		return c, err
	}
	if err := c.parseServices(raw.services); err != nil {
		return c, err
	}
	return c, c.parseReplicas(raw.replicas)
}

// parseCommand reads the command and the file of a backup. It returns the arguments after them.
func (c *config) parseCommand(args []string) (rest []string, err error) {
	if len(args) == 0 || !slices.Contains([]string{commandBuild, commandClean, commandBackup, commandRestore, commandAPI}, args[0]) {
		return args, nil
	}
	c.command, args = args[0], args[1:]
	if c.command != commandBackup && c.command != commandRestore {
		return args, nil
	}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return args, fmt.Errorf("name the file: %s FILE", c.command)
	}
	c.file = args[0]
	return args[1:], nil
}

func (c *config) parseFlags(args []string, w io.Writer) (raw rawFlags, err error) {
	flags := flag.NewFlagSet("local", flag.ContinueOnError)
	flags.SetOutput(w)
	flags.StringVar(&c.dir, "dir", ".local", "folder of the data that stays between runs")
	flags.StringVar(&c.addr, "addr", defaultAddr, "address of the page")
	flags.StringVar(&raw.ports, "ports", "fixed", "fixed: always the same ports; free: any that are free, see system.json in -dir")
	flags.StringVar(&raw.replicas, "replicas", "", "services to run more than once, such as recurring=2,live=2")
	flags.StringVar(&raw.services, "services", strings.Join(serviceNames(), ","), "services to run, together with their dependencies")
	flags.StringVar(&raw.broker, "broker", "nats", "broker of the events: "+brokerNames())
	flags.StringVar(&c.components, "components", "", "folder of the pub/sub components (default dapr/components/BROKER)")
	flags.StringVar(&c.brokerAt, "broker-at", "", "host:port of a proxy between the sidecars and the broker")
	flags.StringVar(&c.databaseAt, "database-at", "", "host:port of a proxy between the services and PostgreSQL")
	c.tuning.register(flags)
	flags.BoolVar(&c.restart, "restart", false, "restart a process that dies, instead of ending")
	flags.BoolVar(&c.dev, "dev", false, "serve templates and static files from disk, so that an edit shows on reload")
	flags.StringVar(&c.dapr, "dapr", "", "for build: build only Dapr's own programs of this version, such as 1.16.0, for DAPRD and SCHEDULER")
	flags.Usage = func() {
		fmt.Fprintln(w, "usage: local [build | clean | backup FILE | restore FILE] [flags]\n       local api [flags] COMMAND...")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return raw, err
	}
	if c.command == commandAPI {
		c.args = flags.Args() // flags of the command follow its name
		return raw, nil
	}
	if flags.NArg() > 0 {
		return raw, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return raw, nil
}

// parseBroker sets the broker and the folder of its components.
func (c *config) parseBroker(name string) (err error) {
	if c.broker, err = findBroker(name); err != nil {
		return err
	}
	if c.components == "" {
		c.components = filepath.Join(c.root, "dapr", "components", name)
	}
	if c.components, err = filepath.Abs(c.components); err != nil {
		return fmt.Errorf("-components: %w", err)
	}
	return nil
}

func (c *config) parseAddresses(ports string) error {
	switch ports {
	case "fixed":
	case "free":
		c.freePorts = true
		if c.addr == defaultAddr {
			c.addr = "127.0.0.1:0"
		}
	default:
		return fmt.Errorf("-ports is fixed or free, not %q", ports)
	}
	if _, _, err := net.SplitHostPort(c.addr); err != nil {
		return fmt.Errorf("-addr: %w", err)
	}
	for name, at := range map[string]string{"broker-at": c.brokerAt, "database-at": c.databaseAt} {
		if _, _, err := net.SplitHostPort(at); at != "" && err != nil {
			return fmt.Errorf("-%s: %w", name, err)
		}
	}
	return nil
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

// repository returns the folder of this program's source. It searches upwards from the working
// directory. Programs are built from this folder, and sidecars read their components from it.
func repository() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("find the source folder: %w", err)
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
