package main

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
	"strconv"
)

// rabbitBroker is RabbitMQ, by the machine's own rabbitmq-server or the user's RabbitMQ.
type rabbitBroker struct{}

const (
	rabbitCommand = "rabbitmq"
	rabbitUser    = "taskmaster"
)

func (rabbitBroker) external(getenv func(string) string) bool { return getenv("RABBITMQ_URL") != "" }

func (b rabbitBroker) prepare(_ context.Context, p plan, _ *lines) error {
	if b.external(p.cfg.getenv) {
		_, err := rabbitAddress(p.rabbitURL())
		return err
	}
	for _, program := range []string{rabbitProgram(), "epmd"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("there is no %s: install RabbitMQ 3.10 or newer (Debian: apt install rabbitmq-server), or name a "+
				"RabbitMQ of yours in RABBITMQ_URL (amqp://user:password@host:5672/)", filepath.Base(program))
		}
	}
	return p.writeRabbitFiles()
}

// rabbitProgram is RabbitMQ's own start script. The one that Debian has in the PATH runs it as another user.
func rabbitProgram() string {
	const debian = "/usr/lib/rabbitmq/bin/rabbitmq-server"
	if _, err := os.Stat(debian); err == nil {
		return debian
	}
	return "rabbitmq-server"
}

func (rabbitBroker) spec(p plan) spec {
	dir := p.brokerDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	epmd, dist := p.layout.brokerOther[0], p.layout.brokerOther[1]
	return spec{
		name: "broker", role: "broker", program: p.self, dir: dir,
		args: []string{rabbitCommand, rabbitProgram()},
		env: append(p.systemEnv(),
			"HOME="+dir, // Erlang's cookie lies there
			"ERL_EPMD_ADDRESS=127.0.0.1", "ERL_EPMD_PORT="+strconv.Itoa(epmd),
			"ERL_CRASH_DUMP_BYTES=0", // it would have people's tasks in it
			"RABBITMQ_NODENAME=taskmaster@localhost", "RABBITMQ_DIST_PORT="+strconv.Itoa(dist),
			"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
			"RUNNING_UNDER_SYSTEMD=true", // the script becomes the server, instead of waiting for it
			"RABBITMQ_LOGS=-", "RABBITMQ_LOG_BASE="+in("log"),
			"RABBITMQ_MNESIA_BASE="+in("mnesia"), "RABBITMQ_PLUGINS_EXPAND_DIR="+in("plugins"),
			"RABBITMQ_FEATURE_FLAGS_FILE="+in("feature_flags"),
			"RABBITMQ_CONFIG_FILE="+in("rabbitmq.conf"), "RABBITMQ_ADVANCED_CONFIG_FILE="+in("advanced.config"),
			"RABBITMQ_ENABLED_PLUGINS_FILE="+in("enabled_plugins"),
			// There are none of these; the machine's own are not ours.
			"RABBITMQ_CONF_ENV_FILE="+in("rabbitmq-env.conf"), "RABBITMQ_CONFIG_FILES="+in("conf.d"),
			"RABBITMQ_GENERATED_CONFIG_DIR="+in("config"),
		),
	}
}

// ready succeeds when RabbitMQ listens: by then it has made the exchanges and queues.
func (rabbitBroker) ready(ctx context.Context, p plan) error {
	addr, err := rabbitAddress(p.rabbitURL())
	if err != nil {
		return err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connect to RabbitMQ: %w", err)
	}
	return conn.Close() // before the greeting: then RabbitMQ does not mind
}

func (rabbitBroker) secrets(p plan) map[string]map[string]string {
	return map[string]map[string]string{"rabbitmq": {"url": p.rabbitURL()}}
}

func (p plan) rabbitURL() string {
	ours := url.URL{Scheme: "amqp", Host: p.brokerAddress(), Path: "/", User: url.UserPassword(rabbitUser, p.secrets.BrokerPassword)}
	return cmp.Or(p.cfg.getenv("RABBITMQ_URL"), ours.String())
}

// rabbitAddress returns the URL's host and port. Its errors do not have the URL, which has a password.
func rabbitAddress(raw string) (string, error) {
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
