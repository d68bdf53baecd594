//go:build unix

package embedded

import (
	"context"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// stopSignals end a server with growing force: disconnect the clients, exit without cleaning up,
// kill.
var stopSignals = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL}

// accounts returns the accounts to try, the best first: the current user unless that is root, then
// root under another name, then other users.
func accounts() []account {
	if os.Geteuid() != 0 {
		return []account{{
			name:       "this user",
			attributes: childAttributes,
			own:        func(string) error { return nil },
		}}
	}
	var found []account
	others := unprivileged()
	if len(others) > 0 {
		found = privileged(others[0])
	}
	for _, id := range others {
		found = append(found, account{
			name: "user " + id.name,
			attributes: func() *syscall.SysProcAttr {
				attr := childAttributes()
				attr.Credential = id.credential()
				return attr
			},
			own: id.own,
		})
	}
	return found
}

// try reports an error if the account cannot run the programs or enter the folder. A shell makes
// the attempt, because the account's capabilities apply only inside a running program.
func (a account) try(ctx context.Context, bin, dir string) error {
	return run(a.command(ctx, "/bin/sh", "-c", `cd "$0" && exec "$1" --version`, dir, filepath.Join(bin, "postgres")))
}

type identity struct {
	name     string
	uid, gid uint32
}

func (id identity) credential() *syscall.Credential {
	return &syscall.Credential{Uid: id.uid, Gid: id.gid}
}

func (id identity) own(dir string) error { return chown(dir, int(id.uid), int(id.gid)) }

// unprivileged returns the users of this machine that may run a server. PostgreSQL requires a user
// with a name.
func unprivileged() []identity {
	var found []identity
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(u.Uid, 10, 32)
		if err != nil || uid == 0 {
			continue
		}
		gid, err := strconv.ParseUint(u.Gid, 10, 32)
		if err != nil {
			continue
		}
		found = append(found, identity{name: name, uid: uint32(uid), gid: uint32(gid)})
	}
	return found
}

// chown makes the user the owner of the folder and everything in it.
func chown(dir string, uid, gid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
}
