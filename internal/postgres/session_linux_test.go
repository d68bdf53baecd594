package postgres_test

import (
	"maps"
	"net"
	"syscall"
	"testing"

	"taskmaster/internal/postgres/postgrestest"
)

// If the server's machine is lost, the kernel of the client must notice.
func TestClientKeepsItsConnectionsAlive(t *testing.T) {
	t.Parallel()
	conn, err := postgrestest.Open(t).Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	tcp, ok := conn.Conn().PgConn().Conn().(*net.TCPConn)
	if !ok {
		t.Fatalf("the test's database is not reached by TCP: %T", conn.Conn().PgConn().Conn())
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	control := func(fd uintptr) {
		for name, option := range map[string][2]int{
			"on": {syscall.SOL_SOCKET, syscall.SO_KEEPALIVE}, "idle": {syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE},
			"interval": {syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL}, "count": {syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT},
		} {
			value, err := syscall.GetsockoptInt(int(fd), option[0], option[1])
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got[name] = value
		}
	}
	if err := raw.Control(control); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"on": 1, "idle": 15, "interval": 10, "count": 3}
	if !maps.Equal(got, want) {
		t.Errorf("keepalive: got %v, want %v", got, want)
	}
}
