package oci

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// The test binary is also the program that the tests below start many times:
// WEIGHLOCK_OCI_TEST says as what.
func TestMain(m *testing.M) {
	role := os.Getenv("WEIGHLOCK_OCI_TEST")
	if role == "" {
		os.Exit(m.Run())
	}
	err := childRoles[role](os.Getenv("WEIGHLOCK_OCI_REF"), os.Getenv("WEIGHLOCK_OCI_ARG"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

var childRoles = map[string]func(ref, arg string) error{
	"publisher":   publisher,
	"append":      appender,
	"small files": smallFiles,
}

// publisher pushes an image, three statements about it, and a version tag.
func publisher(ref, version string) error {
	r, _, err := Open(ref, Options{})
	if err != nil {
		return err
	}
	ctx := context.Background()
	image, err := r.PushArtifact(ctx, note("image "+version))
	if err != nil {
		return err
	}
	for i := range 3 {
		if _, err := r.PushArtifact(ctx, noteAbout(fmt.Sprintf("%s/%d", version, i), image)); err != nil {
			return err
		}
	}
	return r.TagIfAbsent(ctx, image, version)
}

// appender takes the first free number.
func appender(ref, name string) error {
	r, _, err := Open(ref, Options{})
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		_, err := r.PushArtifactIfAbsent(context.Background(), note(name), fmt.Sprintf("n-%06d", n))
		if !errors.Is(err, ErrExists) {
			return err
		}
	}
}

// smallFiles writes where no file may grow beyond a few KiB, as on a full disk.
func smallFiles(ref, _ string) error {
	signal.Ignore(unix.SIGXFSZ)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 8 << 10, Max: 8 << 10}); err != nil {
		return err
	}
	return publishBig(ref)
}

func publishBig(ref string) error {
	r, _, err := Open(ref, Options{})
	if err != nil {
		return err
	}
	_, err = r.PushBytes(context.Background(), "x/y", make([]byte, 64<<10))
	return err
}

func child(t *testing.T, role, ref, arg string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "WEIGHLOCK_OCI_TEST="+role, "WEIGHLOCK_OCI_REF="+ref, "WEIGHLOCK_OCI_ARG="+arg)
	return cmd
}

// all runs n children at once.
func all(t *testing.T, n int, role, ref string) {
	t.Helper()
	var wg sync.WaitGroup
	for i := range n {
		cmd := child(t, role, ref, fmt.Sprintf("v%d", i))
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%d: %v: %s", i, err, out)
			}
		})
	}
	wg.Wait()
}

func TestFiftyProcessesPublishAtOnceAndAllAreKept(t *testing.T) {
	r := open(t, "oci:"+filepath.Join(t.TempDir(), "m"))
	all(t, 50, "publisher", r.String())
	ctx := t.Context()
	if tags := must[[]string](t)(r.Tags(ctx)); len(tags) != 50 {
		t.Errorf("got %d tags; want 50", len(tags))
	}
	for i := range 50 {
		image := must[Descriptor](t)(r.Resolve(ctx, fmt.Sprintf("v%d", i)))
		list := must[[]Descriptor](t)(r.Referrers(ctx, image.Digest, "application/vnd.test.note"))
		if len(list) != 3 {
			t.Errorf("v%d has %d statements; want 3", i, len(list))
		}
		for _, d := range list {
			if _, _, err := r.Manifest(ctx, d.Digest); err != nil {
				t.Error(err)
			}
		}
	}
	if left, _ := filepath.Glob(r.backend.(*layout).path(sideDir, "tmp", "*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestProcessesNeverShareATag(t *testing.T) {
	r := open(t, "oci:"+filepath.Join(t.TempDir(), "m"))
	all(t, 20, "append", r.String())
	texts := map[string]bool{}
	for n := 1; n <= 20; n++ {
		d := must[Descriptor](t)(r.Resolve(t.Context(), fmt.Sprintf("n-%06d", n)))
		texts[d.Annotations["text"]] = true
	}
	if len(texts) != 20 {
		t.Errorf("got the entries of %d writers; want 20", len(texts))
	}
}

func TestFullDiskLeavesNothingHalf(t *testing.T) {
	r := open(t, "oci:"+filepath.Join(t.TempDir(), "m"))
	dir := strings.TrimPrefix(r.String(), layoutScheme)
	image := must[Descriptor](t)(r.PushArtifact(t.Context(), note("before")))
	out, err := child(t, "small files", r.String(), "").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "file too large") || !strings.Contains(string(out), dir) || !strings.Contains(string(out), "hint: ") {
		t.Errorf("got %v: %s; want what, where and a hint", err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, sideDir, "tmp", "*")); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if _, err := r.Resolve(t.Context(), image.Digest); err != nil {
		t.Errorf("what was there before: %v", err)
	}
	if err := publishBig(r.String()); err != nil {
		t.Errorf("the next run: %v", err)
	}
}

func TestFolderThatCannotBeWritten(t *testing.T) {
	// Under the system's own folder for temporary files, since an ordinary
	// user may not pass through the test's.
	dir, err := os.MkdirTemp("", "weighlock-oci-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	cmd := child(t, "publisher", "oci:"+filepath.Join(dir, "m"), "v1")
	if os.Geteuid() == 0 {
		self, err := os.ReadFile(cmd.Path)
		if err != nil {
			t.Fatal(err)
		}
		bin, err := os.MkdirTemp("", "weighlock-oci-bin-")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(bin)
		cmd.Path = filepath.Join(bin, "oci.test")
		if err := errors.Join(os.Chmod(bin, 0o755), os.WriteFile(cmd.Path, self, 0o755)); err != nil {
			t.Fatal(err)
		}
		cmd.Dir = bin
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "permission denied") || !strings.Contains(string(out), dir) || !strings.Contains(string(out), "hint: ") {
		t.Errorf("got %v: %s; want what, where and a hint", err, out)
	}
}
