package spill

import "io"

// temporary is a file that is gone when it is closed.
type temporary interface {
	io.Writer
	io.ReaderAt
	io.Closer
}
