// Command scheduler is the Dapr scheduler, with a faster start after it was killed.
//
// A scheduler holds its leadership by a lease in its own database. A killed scheduler cannot
// release the lease. Dapr's command then waits on the same data until the lease expires, 20 seconds
// after its start, and accepts no job until then. This command first deletes the leadership of a
// killed scheduler. Flags, data and all other behaviour are Dapr's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/dapr/dapr/cmd/scheduler/app"
	"github.com/dapr/dapr/cmd/scheduler/options"
	"github.com/dapr/dapr/pkg/security"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	opts, err := options.New(os.Args[1:])
	if err != nil || !opts.EtcdEmbed {
		app.Run() // an external database may have other leaders
		return
	}
	clean, err := begin(opts)
	if err != nil {
		// The scheduler then waits for the lease and works.
		fmt.Fprintf(os.Stderr, "end the leadership of the killed scheduler: %v\n", err)
	}
	app.Run() // returns only after a regular stop
	clean()
}

// begin deletes the leadership of a killed scheduler on the same data. The caller must call clean
// after the scheduler has stopped. Otherwise the next begin assumes that it was killed.
func begin(opts *options.Options) (clean func(), err error) {
	marker := filepath.Join(opts.EtcdDataDir, "taskmaster-running")
	clean = func() { _ = os.Remove(marker) } // a failure only slows down the next start
	_, err = os.Stat(marker)
	if err == nil {
		return clean, endLeadership(opts)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return clean, err
	}
	if err := os.MkdirAll(opts.EtcdDataDir, 0o700); err != nil {
		return clean, err
	}
	return clean, os.WriteFile(marker, nil, 0o600)
}

// leadershipKeys is the key range in which schedulers store their leadership, from the first key to
// before the second. The prefix comes from Dapr's namespace in etcd and from
// github.com/diagridio/go-etcd-cron.
const (
	leadershipKeys    = "dapr/leadership/"
	leadershipKeysEnd = "dapr/leadership0"
)

// databaseTimeout is how long the database may take to start and to delete the keys. A large
// database takes some seconds.
const databaseTimeout = 30 * time.Second

// endLeadership deletes the leadership of the previous scheduler. etcd locks the database, so that
// only one process can have it open. No scheduler can lead while it is open here.
func endLeadership(opts *options.Options) error {
	cfg, err := database(opts)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, "member")); errors.Is(err, fs.ErrNotExist) {
		return nil // killed before it created the database
	}
	ctx, cancel := context.WithTimeout(context.Background(), databaseTimeout)
	defer cancel()
	db, err := embed.StartEtcd(cfg)
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	defer db.Close()
	select {
	case <-db.Server.ReadyNotify():
	case err := <-db.Err():
		return fmt.Errorf("open the database: %w", err)
	case <-ctx.Done():
		return fmt.Errorf("open the database: %w", ctx.Err())
	}
	_, err = db.Server.DeleteRange(ctx, &pb.DeleteRangeRequest{Key: []byte(leadershipKeys), RangeEnd: []byte(leadershipKeysEnd)})
	if err != nil {
		return fmt.Errorf("delete the leadership: %w", err)
	}
	return nil
}

// database returns the configuration of the scheduler's database, limited to the location and size
// of the data. The cluster has one member, so that its election need not wait.
func database(opts *options.Options) (*embed.Config, error) {
	cfg := embed.NewConfig()
	cfg.Name = opts.ID
	cfg.Dir = filepath.Join(opts.EtcdDataDir, security.CurrentNamespace()+"-"+opts.ID, "dapr-0.1")
	cfg.LogLevel = "error"
	cfg.EnableGRPCGateway = false
	cfg.QuotaBackendBytes = opts.EtcdSpaceQuota
	cfg.SnapshotCount = opts.EtcdSnapshotCount
	cfg.TickMs, cfg.ElectionMs = 10, 100

	if len(opts.EtcdInitialCluster) != 1 {
		return nil, errors.New("the cluster has more than one member: another one may lead")
	}
	cfg.InitialCluster = opts.EtcdInitialCluster[0]
	_, address, _ := strings.Cut(cfg.InitialCluster, "=")
	peer, err := url.Parse(address)
	if err != nil {
		return nil, fmt.Errorf("parse --etcd-initial-cluster: %w", err)
	}
	client := url.URL{
		Scheme: "http",
		Host:   net.JoinHostPort(opts.EtcdClientListenAddress, strconv.FormatUint(opts.EtcdClientPort, 10)),
	}
	cfg.AdvertisePeerUrls, cfg.ListenPeerUrls = []url.URL{*peer}, []url.URL{*peer}
	cfg.AdvertiseClientUrls, cfg.ListenClientUrls = []url.URL{client}, []url.URL{client}
	return cfg, nil
}
