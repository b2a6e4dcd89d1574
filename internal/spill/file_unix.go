//go:build unix

package spill

import "os"

// removed makes a file and takes its name away at once: its bytes live as long
// as it is open, whatever ends the program.
func removed(dir string) (temporary, error) {
	f, err := os.CreateTemp(dir, "weighlock-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
