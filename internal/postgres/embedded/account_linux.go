package embedded

import "syscall"

// childAttributes puts a child into a process group of its own and ties it to the life of its
// starter. Ctrl-C in a terminal then does not reach the child before stop does.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGQUIT}
}

// privileged returns the accounts that keep root's access to all folders without being root.
func privileged(id identity) []account {
	return []account{{
		// All files stay root's. Containers often forbid user namespaces.
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
		// Root in a container usually can pass on this capability.
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

// capDACOverride is CAP_DAC_OVERRIDE of linux/capability.h. It allows access regardless of file
// modes.
const capDACOverride = 1
