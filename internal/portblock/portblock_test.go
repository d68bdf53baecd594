package portblock

import (
	"net"
	"slices"
	"strconv"
	"testing"
)

func TestNoPortIsTakenTwice(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for range 20 {
		// A port without a listener, or with one for a moment only, must not be given to another
		// caller.
		ports, release, err := Take(t.Context(), slices.Repeat([]string{"127.0.0.1"}, 7)...)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if len(ports) != 7 {
			t.Fatalf("got %d ports, want 7", len(ports))
		}
		for _, port := range ports {
			if seen[port] {
				t.Errorf("port %d is taken twice", port)
			}
			seen[port] = true
			ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				t.Errorf("listen on port %d: %v", port, err)
				continue
			}
			ln.Close()
		}
	}
}

func TestBlockInUseIsNotTaken(t *testing.T) {
	t.Parallel()
	ports, release, err := Take(t.Context(), "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0])))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	release()
	if _, release, err := take(t.Context(), ports[0]-1, []string{"127.0.0.1"}); err == nil {
		release()
		t.Error("the block of a port in use is taken")
	}
}

func TestMoreThanABlockIsRefused(t *testing.T) {
	t.Parallel()
	if _, release, err := Take(t.Context(), make([]string, size)...); err == nil {
		release()
		t.Error("got more ports than a block has")
	}
}
