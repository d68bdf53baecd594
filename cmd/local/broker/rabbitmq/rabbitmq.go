// Package rabbitmq runs the rabbitmq-server of the machine with a folder, user and port mapper of its
// own, or uses the RabbitMQ that RABBITMQ_URL names.
package rabbitmq

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"taskmaster/cmd/local/broker"
	"taskmaster/cmd/local/supervise"
)

// Command is the argument that makes this program the server. See Run.
const Command = "rabbitmq"

// user is the user name of the sidecars at a server that was started here.
const user = "taskmaster"

// Broker is a RabbitMQ server.
type Broker struct{ config broker.Config }

// New returns the broker of an installation.
func New(config broker.Config) *Broker { return &Broker{config} }

// External reports whether RABBITMQ_URL names a RabbitMQ. Then none is started.
func (b *Broker) External() bool { return b.config.Getenv("RABBITMQ_URL") != "" }

// Prepare writes the configuration. If a program is missing, the error explains the ways out.
func (b *Broker) Prepare(context.Context) error {
	if b.External() {
		_, err := address(b.url())
		return err
	}
	for _, program := range []string{script(), "epmd"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("there is no %s: install RabbitMQ 3.10 or newer (Debian: apt install rabbitmq-server), or name a "+
				"RabbitMQ of yours in RABBITMQ_URL (amqp://user:password@host:5672/)", filepath.Base(program))
		}
	}
	return b.writeFiles()
}

// script returns RabbitMQ's own start script. Debian's script in the PATH would run it as another
// user.
func script() string {
	const debian = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	if _, err := os.Stat(debian); err == nil {
		return debian
	}
	return "rabbitmq-server"
}

// Program returns the program of the server. It is this program, which becomes the server.
func (b *Broker) Program() supervise.Program {
	dir := b.config.Dir
	in := func(name string) string { return filepath.Join(dir, name) }
	epmd, distribution := b.config.Ports[1], b.config.Ports[2]
	return supervise.Program{
		Name: "broker", Path: b.config.Self, Args: []string{Command, script()}, Dir: dir,
		Env: slices.Concat(b.config.Env, []string{
			"HOME=" + dir, // the folder of Erlang's cookie
			"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT=" + strconv.Itoa(epmd),
			"ERL_CRASH_DUMP_BYTES=0", // a dump would contain people's tasks
			"RABBITMQ_NODENAME=taskmaster@localhost", "RABBITMQ_DIST_PORT=" + strconv.Itoa(distribution),
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
			"RUNNING_UNDER_SYSTEMD=true", // the script becomes the server, instead of waiting for it
			"RABBITMQ_LOGS=-", "RABBITMQ_LOG_BASE=" + in("log"),
			"RABBITMQ_MNESIA_BASE=" + in("mnesia"), "RABBITMQ_PLUGINS_EXPAND_DIR=" + in("plugins"),
			"RABBITMQ_FEATURE_FLAGS_FILE=" + in("feature_flags"),
			"RABBITMQ_CONFIG_FILE=" + in("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE=" + in("advanced.config"),
			"RABBITMQ_ENABLED_PLUGINS_FILE=" + in("enabled_plugins"),
			// These files do not exist. The defaults would be the machine's own files.
			"RABBITMQ_CONF_ENV_FILE=" + in("rabbitmq-env.conf"), "RABBITMQ_CONFIG_FILES=" + in("conf.d"),
			"RABBITMQ_GENERATED_CONFIG_DIR=" + in("config"),
		}),
	}
}

// Ready succeeds when RabbitMQ listens. By then it has created the exchanges and queues.
func (b *Broker) Ready(ctx context.Context) error {
	addr, err := address(b.url())
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	return conn.Close() // RabbitMQ logs no error for a connection that ends before the greeting
}

// Secrets returns the secrets of the components: name, then key.
func (b *Broker) Secrets() map[string]map[string]string {
	return map[string]map[string]string{"rabbitmq": {"url": b.url(), "ca.crt": ""}}
}

func (b *Broker) url() string {
	own := url.URL{Scheme: "amqp", Host: b.config.Address, Path: "/", User: url.UserPassword(user, b.config.Password)}
	return cmp.Or(b.config.Getenv("RABBITMQ_URL"), own.String())
}

// address returns the host:port of a URL. Its errors leave out the URL, which contains a password.
func address(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || (u.Scheme != "amqp" && u.Scheme != "amqps") {
		return "", errors.New("RABBITMQ_URL is not like amqp://user:password@host:5672/ (or amqps, with TLS)")
	}
	port := "5672"
	if u.Scheme == "amqps" {
		port = "5671"
	}
	return net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)), nil
}
