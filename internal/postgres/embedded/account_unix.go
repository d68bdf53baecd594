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

// stopSignals end a server, each more firmly: when clients are cut off, without clearing up, at once.
var stopSignals = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL}

// accounts returns whom to try, best first: ourselves unless that is root, else root under another name, else others.
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

// try finds out whether the account can run the programs and enter the folder. A shell asks, because what an account may
// do beyond its user's rights it may do in a running program only.
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

// unprivileged returns the users of this machine that a server may run as. PostgreSQL asks that they have a name.
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

// chown gives the folder and all in it to the user.
func chown(dir string, uid, gid int) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, uid, gid)
	})
}
