//go:build kafka

package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
	"gopkg.in/yaml.v3"

	"taskmaster/tests/system"
)

// cluster inspects the system's Kafka. It connects like the sidecars, with the settings of their
// components.
type cluster struct {
	*kadm.Client
	connect []kgo.Opt
}

func newCluster(s *system.System) (cluster, error) {
	raw, err := os.ReadFile(filepath.Join(s.Dir, "dapr", "secrets.json"))
	if err != nil {
		return cluster{}, err
	}
	var secrets struct {
		Kafka struct {
			Brokers, Username, Password string
			CA                          string `json:"ca.crt"`
		}
	}
	if err := json.Unmarshal(raw, &secrets); err != nil {
		return cluster{}, fmt.Errorf("read the components' secrets: %w", err)
	}
	k := secrets.Kafka
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM([]byte(k.CA)) {
		return cluster{}, errors.New("the components' secrets have no CA certificate")
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(k.Brokers, ",")...),
		kgo.DialTLSConfig(&tls.Config{RootCAs: authorities}),
		kgo.SASL(scram.Auth{User: k.Username, Pass: k.Password}.AsSha512Mechanism()),
	}
	client, err := kgo.NewClient(opts...)
	if err != nil {
		return cluster{}, fmt.Errorf("connect to Kafka: %w", err)
	}
	return cluster{kadm.NewClient(client), opts}, nil
}

// setting returns a setting of the services' component.
func setting(t *testing.T, name string) string {
	t.Helper()
	state, err := shared.State()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(state.Components, "kafka-pubsub.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var component struct {
		Spec struct {
			Metadata []struct{ Name, Value string }
		}
	}
	if err := yaml.Unmarshal(raw, &component); err != nil {
		t.Fatal(err)
	}
	for _, s := range component.Spec.Metadata {
		if s.Name == name {
			return s.Value
		}
	}
	t.Fatalf("the component has no %s", name)
	return ""
}

// takeover is the time limit for taking over from a replica that died without leaving its group. It
// is the session timeout plus some time for a busy machine. The actual time is logged.
func takeover(t *testing.T) time.Duration {
	t.Helper()
	timeout, err := time.ParseDuration(setting(t, "sessionTimeout"))
	if err != nil {
		t.Fatal(err)
	}
	return timeout + time.Minute
}

// shares holds the partitions of each member of a group, by member ID.
type shares map[string][]int32

// shares returns the partitions of a topic by group member. It returns an error if the group is not
// stable or a partition has not exactly one member.
func (k cluster) shares(ctx context.Context, group, topic string) (shares, error) {
	described, err := k.DescribeGroups(ctx, group)
	if err != nil {
		return nil, err
	}
	g := described[group]
	if g.Err != nil || g.State != "Stable" {
		return nil, fmt.Errorf("group %s is %s: %w", group, g.State, g.Err)
	}
	found, all := shares{}, []int32{}
	for _, m := range g.Members {
		found[m.MemberID] = nil
		assigned, ok := m.Assigned.AsConsumer()
		if !ok {
			return nil, fmt.Errorf("group %s: %s is not a consumer", group, m.MemberID)
		}
		for _, a := range assigned.Topics {
			if a.Topic == topic {
				found[m.MemberID] = a.Partitions
				all = append(all, a.Partitions...)
			}
		}
	}
	slices.Sort(all)
	ends, err := k.ends(ctx, topic)
	if err != nil {
		return nil, err
	}
	if want := slices.Sorted(maps.Keys(ends)); !slices.Equal(all, want) {
		return nil, fmt.Errorf("group %s has partitions %v of %s, want %v, each once", group, all, topic, want)
	}
	return found, nil
}

// ends returns the end offset of each partition.
func (k cluster) ends(ctx context.Context, topic string) (map[int32]int64, error) {
	listed, err := k.ListEndOffsets(ctx, topic)
	if err == nil {
		err = listed.Error()
	}
	if err != nil {
		return nil, err
	}
	ends := map[int32]int64{}
	listed.Each(func(o kadm.ListedOffset) { ends[o.Partition] = o.Offset })
	return ends, nil
}

// committed returns a group's committed offset of each partition that has one.
func (k cluster) committed(ctx context.Context, group, topic string) (map[int32]int64, error) {
	fetched, err := k.FetchOffsets(ctx, group)
	if err == nil {
		err = fetched.Error()
	}
	if err != nil {
		return nil, err
	}
	offsets := map[int32]int64{}
	for partition, o := range fetched[topic] {
		offsets[partition] = o.At
	}
	return offsets, nil
}

// caughtUp returns an error unless a group has committed every record of a topic.
func (k cluster) caughtUp(ctx context.Context, group, topic string) error {
	ends, err := k.ends(ctx, topic)
	if err != nil {
		return err
	}
	committed, err := k.committed(ctx, group, topic)
	if err != nil {
		return err
	}
	for partition, end := range ends {
		if committed[partition] < end {
			return fmt.Errorf("group %s has committed %d of %d in partition %d of %s", group, committed[partition], end, partition, topic)
		}
	}
	return nil
}
