//go:build !linux

package rabbitmq

// dieWithParent does nothing: only Linux supports it.
func dieWithParent() error { return nil }
