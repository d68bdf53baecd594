//go:build !linux

package main

// endWithParent: only Linux can.
func endWithParent() error { return nil }
