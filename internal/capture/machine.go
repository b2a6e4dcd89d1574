package capture

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/weighlock/weighlock/internal/lineage"
)

// environment describes the machine. What cannot be found out is left out; an
// image that is named and can move is refused.
func (r *run) environment(ctx context.Context) (lineage.Environment, error) {
	e := lineage.Environment{OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), GPUs: r.gpus(ctx)}
	e.CPU, e.Memory = field("/proc/cpuinfo", "model name"), kilobytes(field("/proc/meminfo", "MemTotal"))
	if runtime.GOOS == "darwin" {
		cpu, _ := r.tool(ctx, "sysctl", "-n", "machdep.cpu.brand_string")
		memory, _ := r.tool(ctx, "sysctl", "-n", "hw.memsize")
		e.CPU = strings.TrimSpace(string(cpu))
		e.Memory, _ = strconv.ParseInt(strings.TrimSpace(string(memory)), 10, 64)
	}
	var err error
	e.Image, err = r.image()
	return e, err
}

// image is the container image that the run is in, by digest.
// WEIGHLOCK_IMAGE says it; GitLab says it too, but mostly by tag, which is
// left out.
func (r *run) image() (string, error) {
	if image := r.d.getenv("WEIGHLOCK_IMAGE"); image != "" {
		if err := lineage.PinnedImage(image); err != nil {
			return "", fmt.Errorf("%w: WEIGHLOCK_IMAGE: %w", ErrUsage, err)
		}
		return image, nil
	}
	for _, name := range []string{"CI_JOB_IMAGE", "CONTAINER_IMAGE", "KUBERNETES_CONTAINER_IMAGE"} {
		if image := r.d.getenv(name); lineage.PinnedImage(image) == nil {
			return image, nil
		}
	}
	return "", nil
}

func (r *run) gpus(ctx context.Context) []string {
	list := []string{}
	out, err := r.tool(ctx, "nvidia-smi", "--query-gpu=name", "--format=csv,noheader")
	if err != nil {
		return list
	}
	for line := range strings.Lines(string(out)) {
		if line = strings.TrimSpace(line); line != "" {
			list = append(list, line)
		}
	}
	return list
}

// field is the first value of a key in a file of `key : value` lines.
func field(file, key string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		name, value, ok := strings.Cut(s.Text(), ":")
		if ok && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kilobytes reads `16384 kB` into bytes, 0 where it is something else.
func kilobytes(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(text, " kB"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n << 10
}
