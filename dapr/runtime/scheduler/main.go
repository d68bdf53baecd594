// Command scheduler is the Dapr scheduler, which serves at once after it was killed.
//
// A scheduler holds its leadership by a lease in its own database. Dapr's command that was killed cannot give the lease back:
// the next one on the same data waits until it expires, 20 seconds after its start, and takes no job until then. This command
// ends the leadership of a killed scheduler first. Everything else is Dapr's: flags, data, behaviour.
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
		app.Run() // with a database elsewhere, other schedulers may hold it too
		return
	}
	clean, err := begin(opts)
	if err != nil {
		// The scheduler then waits for the lease, and works.
		fmt.Fprintf(os.Stderr, "end the leadership of the killed scheduler: %v\n", err)
	}
	app.Run() // returns only when it was asked to stop, and has
	clean()
}

// begin ends the leadership of a scheduler that was killed on the same data. The caller calls clean once the scheduler has
// stopped in order; without, the next begin finds that it was killed.
func begin(opts *options.Options) (clean func(), err error) {
	mark := filepath.Join(opts.EtcdDataDir, "taskmaster-running")
	clean = func() { _ = os.Remove(mark) } // the next start then takes a moment longer
	_, err = os.Stat(mark)
	if err == nil {
		return clean, endLeadership(opts)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return clean, err
	}
	if err := os.MkdirAll(opts.EtcdDataDir, 0o700); err != nil {
		return clean, err
	}
	return clean, os.WriteFile(mark, nil, 0o600)
}

// leadershipKeys are the keys in which schedulers hold their leadership: from the first until before the second. The prefix
// is made by Dapr's namespace in etcd and by github.com/diagridio/go-etcd-cron.
const (
	leadershipKeys    = "dapr/leadership/"
	leadershipKeysEnd = "dapr/leadership0"
)

// databaseTimeout is how long the database may take to become ready and to delete the keys. A large one takes some seconds.
const databaseTimeout = 30 * time.Second

// endLeadership deletes the leadership of whoever held it. The database belongs to one process at a time, which etcd makes
// sure of by a lock: while it is open here no scheduler can hold anything in it.
func endLeadership(opts *options.Options) error {
	cfg, err := database(opts)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(cfg.Dir, "member")); errors.Is(err, fs.ErrNotExist) {
		return nil // it was killed before it had a database
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

// database is the configuration of the scheduler's database, as far as it decides where the data is and how much may be.
// Nobody else is in this cluster, so its election need not wait.
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
		return nil, errors.New("the cluster has more than one member: their leadership is not ours to end")
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
