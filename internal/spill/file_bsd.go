//go:build unix && !linux

package spill

func unnamed(dir string) (temporary, error) { return removed(dir) }
