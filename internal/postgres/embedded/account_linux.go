package embedded

import "syscall"

// childAttributes: a group of its own, so that Ctrl-C in a terminal does not reach it before we stop it, and an end
// with ours.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
}

// privileged returns the ways to keep root's access to every folder while no longer being root.
func privileged(id identity) []account {
	return []account{{
		// All is still root's, so nothing changes hands. Containers often forbid it.
		name: "root, called " + id.name + " in a user namespace",
		attributes: func() *syscall.SysProcAttr {
			attr := childAttributes()
			attr.Cloneflags = syscall.CLONE_NEWUSER
			attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: int(id.uid), HostID: 0, Size: 1}}
			attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: int(id.gid), HostID: 0, Size: 1}}
			return attr
		},
		own: func(dir string) error { return chown(dir, 0, 0) },
	}, {
		// Root in a container usually has this capability to pass on.
		name: "user " + id.name + " with access to all files",
		attributes: func() *syscall.SysProcAttr {
			attr := childAttributes()
			attr.Credential = id.credential()
			attr.AmbientCaps = []uintptr{capDACOverride}
			return attr
		},
		own: id.own,
	}}
}

// capDACOverride is CAP_DAC_OVERRIDE of linux/capability.h: read, write and enter whatever the mode says.
const capDACOverride = 1
