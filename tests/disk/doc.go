// Package disk shows that TaskMaster recovers from a full disk. The whole system runs on a file
// system of its own, which is full for a while. The tests mount it. They need Linux and root.
package disk
