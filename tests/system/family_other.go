//go:build unix && !linux

package system

// family returns the process alone: what it started is told in other ways on each system.
func family(root int) ([]int, error) { return []int{root}, nil }
