// Command topics creates what TaskMaster needs on its broker, or updates it: topics on Kafka or
// Redpanda, streams on NATS, exchanges and queues on RabbitMQ. Redis needs nothing.
//
//	topics -brokers host:port,... [-partitions 12] [-replication 3] [-retention 168h] [-timeout 30s]
//	topics -kind nats -brokers host:port,... [-tls=false] [-replication 3] [-retention 168h] [-timeout 30s]
//	topics -kind rabbitmq -brokers host:port [-tls=false] [-vhost NAME] [-timeout 30s]
//
// KAFKA_USERNAME and KAFKA_PASSWORD log in with SCRAM-SHA-512 over TLS. KAFKA_CA_FILE is the
// authority of the brokers' certificates. It is not needed for a well-known authority. Without the
// three variables, the connection to Kafka has neither TLS nor a password.
//
// NATS_TOKEN and NATS_CA_FILE are the same for NATS. RABBITMQ_USERNAME, RABBITMQ_PASSWORD and
// RABBITMQ_CA_FILE are an administrator of RabbitMQ, and -brokers is the address of its management
// plugin (port 15671 with TLS, 15672 without).
//
// It can be run again at any time and prints its changes. It refuses a change that could lose
// events or their order.
package main

import (
	"context"
	"io"
	"os"

	"taskmaster/internal/cli"
)

func main() {
	cli.Main(func(ctx context.Context) int { return command(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr) })
}

// command runs the program and returns the exit status, 2 for invalid arguments. Changes go to out.
// Errors go to errOut, one per line.
func command(ctx context.Context, args []string, getenv func(string) string, out, errOut io.Writer) int {
	cfg, err := loadConfig(args, getenv, errOut)
	if err == nil {
		err = run(ctx, cfg, out)
	}
	return cli.Status(errOut, "topics", err)
}

// run creates or updates the topics within the time limit.
func run(ctx context.Context, cfg config, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, cfg.timeout)
	defer cancel()
	switch cfg.kind {
	case kindNATS:
		return ensureStreams(ctx, cfg, out)
	case kindRabbitMQ:
		return importDefinitions(ctx, cfg, out)
	}
	admin, err := connect(ctx, cfg)
	if err != nil {
		return err
	}
	defer admin.Close()
	return ensure(ctx, admin, cfg, out)
}
