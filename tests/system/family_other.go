//go:build unix && !linux

package system

// family returns the process alone. Each operating system lists descendants in another way.
func family(root int) ([]int, error) { return []int{root}, nil }
