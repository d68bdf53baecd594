package system

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// programStop is how long a program may take to end after a request to stop.
const programStop = 30 * time.Second

// BuildServices builds services by name, such as api, into a folder.
func BuildServices(ctx context.Context, dir string, names ...string) error {
	if err := dependOnSource(); err != nil {
		return err
	}
	root, err := Root()
	if err != nil {
		return err
	}
	command := []string{"go", "build", "-o", dir + string(os.PathSeparator)}
	for _, name := range names {
		command = append(command, "./services/"+name)
	}
	return runIn(ctx, root, command...)
}

// Program is a service that runs without supervisor and sidecar. Its test acts as the sidecar.
type Program struct {
	// URL is the service's address.
	URL string

	cmd     *exec.Cmd
	log     *log
	done    chan struct{} // closed when the program has ended
	err     error         // the exit error; read it after done
	release func()        // of the port
}

// StartProgram starts a built service on a free port and returns when it is ready. The service ends
// with this process at the latest.
func StartProgram(ctx context.Context, path string, env map[string]string) (*Program, error) {
	ports, release, err := freePorts(ctx, 1)
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(ports[0]))
	p := &Program{URL: "http://" + address, log: newLog(), done: make(chan struct{}), release: sync.OnceFunc(release)}
	p.cmd = exec.Command(path) // Stop ends it, not ctx, which would leave no time to stop in order
	p.cmd.Env = append(environment(env), "LISTEN_ADDR="+address)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := startChild(p.cmd, func(err error) { p.err = err; close(p.done) }); err != nil {
		p.release()
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	err = Poll(ctx, func() error {
		select {
		case <-p.done:
			cancel() // no need to wait any longer
			return errors.New("the program ended")
		default:
			return getOK(ctx, p.URL+"/readyz")
		}
	})
	if err != nil {
		return nil, fmt.Errorf("start %s: %w\n%s", path, errors.Join(err, p.Stop()), p.Tail(20))
	}
	return p, nil
}

// Stop asks the program to end and waits. It kills a program that does not end in time.
func (p *Program) Stop() error {
	defer p.release()
	_ = p.cmd.Process.Signal(os.Interrupt) // the program may have ended already
	select {
	case <-p.done:
	case <-time.After(programStop):
		_ = p.cmd.Process.Kill()
		<-p.done
		return fmt.Errorf("%s did not end within %s", p.cmd.Path, programStop)
	}
	if p.err != nil {
		return fmt.Errorf("%s ended: %w", p.cmd.Path, p.err)
	}
	return nil
}

// Tail returns the last n lines of the program's log.
func (p *Program) Tail(n int) string { return p.log.tail(n) }
