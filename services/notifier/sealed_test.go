package main

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"

	"taskmaster/internal/postgres"
	"taskmaster/internal/seal"
	"taskmaster/internal/testkit"
)

// lockedBuffer is a log that goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestSealedSecrets sends to a webhook with a sealed secret. A replica without the key loses nothing: the
// delivery waits for one that has it. A secret in clear works with keys and without.
func TestSealedSecrets(t *testing.T) {
	t.Parallel()
	f, h := newFixture(t), newHook(t, nil)
	old, renewed := seal.NewKey(), seal.NewKey()
	keys, err := seal.ParseKeys(old)
	if err != nil {
		t.Fatal(err)
	}
	clear := f.addChannel(t, h.channel())
	sealed := f.addChannel(t, postgres.Channel{Kind: postgres.ChannelWebhook, URL: h.URL + "/sealed", Secret: "-"})
	sealed.Secret = testSecret
	f.exec(t, fmt.Sprintf(`UPDATE channels SET secret = '%s' WHERE id = '%s'`, sealed.Sealed(keys).Secret, sealed.ID))

	log := &lockedBuffer{}
	n := f.startLogging(t, testTiming, log)
	n.want(t, f.reminder(t, f.user, "without a key"))
	testkit.WithState(t, patience, func() (bool, string) {
		return strings.Contains(log.String(), "the list lacks the key "+seal.KeyOf(sealed.Sealed(keys).Secret)) && len(h.received()) == 1,
			fmt.Sprintf("%d messages and the log\n%s", len(h.received()), log)
	})
	for _, d := range f.deliveries(t, f.user) {
		if want := map[bool]string{true: postgres.DeliverySent, false: postgres.DeliveryPending}[*d.ChannelID == clear.ID]; d.State != want {
			t.Errorf("the delivery to %v is %s, want %s", d.ChannelID, d.State, want)
		}
	}
	n.stop()

	n = f.start(t, testTiming, func(c *config) { c.ChannelKeys = renewed + "," + old })
	f.settled(t, f.user, 2, postgres.DeliverySent) // the hook checks each signature
	n.want(t, f.reminder(t, f.user, "with the keys"))
	f.settled(t, f.user, 4, postgres.DeliverySent)
}
