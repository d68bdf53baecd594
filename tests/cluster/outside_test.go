//go:build cluster

package cluster

import (
	"context"
	"crypto/rand"
	"net/url"
	"os"
	"testing"

	"taskmaster/internal/postgres/embedded"
	"taskmaster/tests/system"
)

// outside describes the servers that run outside the cluster.
type outside struct {
	databaseURL, databasePort string
	broker                    string // host:port of Kafka
	brokerValues              string // the chart's value broker
	password, authority       string // the password of the broker's user and the authority of its certificate
	// databaseLink leads to PostgreSQL. kafka is the process of the broker.
	databaseLink *system.Link
	kafka        *os.Process
}

// startOutside runs PostgreSQL and Kafka at an address of this machine until the test ends.
func startOutside(t *testing.T, host string) outside {
	t.Helper()
	o := outside{password: rand.Text()}
	startPostgres(t, host, &o)
	startKafka(t, host, &o)
	return o
}

func startPostgres(t *testing.T, host string, o *outside) {
	t.Helper()
	// The server may run as another user, and the folders of t.TempDir are closed to other users.
	dir, err := os.MkdirTemp("", "cluster-postgres-*") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	server, err := embedded.Start(t.Context(), embedded.Config{Dir: dir, Unsafe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	// PostgreSQL listens only on 127.0.0.1.
	inner := u.Host
	link, err := system.NewLinkFrom(context.WithoutCancel(t.Context()), host, func() (string, error) { return inner, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(link.Close)
	u.Host = link.Address()
	o.databaseLink = link
	o.databaseURL, o.databasePort = u.String(), u.Port()
}
