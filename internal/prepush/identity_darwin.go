package prepush

import (
	"fmt"
	"io/fs"
	"syscall"
	"time"
)

// identity is what the file system says of a file that changes whenever its
// content does: device, inode, size, and the times of the last change of
// content and of state, the latter of which nobody can set.
func identity(info fs.FileInfo) (id string, changed time.Time, known bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", time.Time{}, false
	}
	changed = time.Unix(s.Ctimespec.Unix())
	return fmt.Sprintf("%d:%d:%o:%d:%d:%d", s.Dev, s.Ino, s.Mode, s.Size, s.Mtimespec.Nano(), s.Ctimespec.Nano()), changed, true
}
