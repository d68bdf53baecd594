//go:build kafka

package topics

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"taskmaster/tests/system"
)

// TestConnectErrors checks that a failed connection gives one line that names the cause.
func TestConnectErrors(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { silent.Close() })
	username, password, ca := kafka.secure.env[0], kafka.secure.env[1], kafka.secure.env[2]

	for name, test := range map[string]struct {
		access access
		want   string
		args   []string
	}{
		"wrong password":    {access{kafka.secure.brokers, []string{username, password + "x", ca}}, "password is wrong (KAFKA_USERNAME, KAFKA_PASSWORD)", nil},
		"wrong user":        {access{kafka.secure.brokers, []string{username + "x", password, ca}}, "password is wrong (KAFKA_USERNAME, KAFKA_PASSWORD)", nil},
		"unknown authority": {access{kafka.secure.brokers, []string{username, password}}, "untrusted authority (KAFKA_CA_FILE)", nil},
		"no server":         {access{"127.0.0.1:1", nil}, "connection refused", nil},
		"no answer":         {access{silent.Addr().String(), nil}, "no answer within 3s", []string{"-timeout", "3s"}},
		"TLS to plaintext":  {access{kafka.plaintext.brokers, []string{username, password, ca}}, "does not speak TLS on this port", nil},
		"plaintext to TLS":  {access{kafka.secure.brokers, nil}, "does the broker require TLS?", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, out, errs := run(t, test.access, test.args...)
			if status != 1 || len(out) != 0 || len(errs) != 1 {
				t.Fatalf("status %d, %q, %q", status, out, errs)
			}
			if !strings.Contains(errs[0], test.want) || !strings.Contains(errs[0], test.access.brokers) {
				t.Errorf("error %q, want %q", errs[0], test.want)
			}
			if secret := strings.TrimPrefix(password, "KAFKA_PASSWORD="); strings.Contains(errs[0], secret) {
				t.Errorf("the error contains the password: %q", errs[0])
			}
		})
	}
}

// TestInvalidArguments checks that all problems of the command line and the environment are
// reported at once and nothing is changed.
func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	notPEM := filepath.Join(t.TempDir(), "ca.crt")
	if err := os.WriteFile(notPEM, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := run(t, access{"nowhere", []string{"KAFKA_USERNAME=somebody", "KAFKA_CA_FILE=" + notPEM}},
		"-partitions", "0", "-replication", "-1", "-retention", "1h", "-timeout", "0s", system.TopicTasks)
	if status != 2 || len(out) != 0 {
		t.Errorf("status %d, %q", status, out)
	}
	all := strings.Join(errs, "\n")
	for _, want := range []string{
		"unexpected argument", `"nowhere" is not host:port`, "-partitions", "-replication", "-retention", "-timeout", "KAFKA_PASSWORD",
		"KAFKA_CA_FILE",
	} {
		if strings.Count(all, want) == 0 {
			t.Errorf("%s is missing in %q", want, errs)
		}
	}
	if len(errs) != 8 {
		t.Errorf("%d lines for 8 problems: %q", len(errs), errs)
	}
}
