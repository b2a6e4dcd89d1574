package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// say prints a heading and what follows it.
func (s *stage) say(title, text string, v ...any) {
	fmt.Printf("\n━━ %s %s\n\n", title, strings.Repeat("━", max(3, 76-len([]rune(title)))))
	s.note(text, v...)
}

func (s *stage) note(text string, v ...any) {
	fmt.Println(strings.TrimSpace(fmt.Sprintf(text, v...)))
}

// run prints a command line, runs it by the shell in a folder of the demo, and
// fails unless it ends with the status that the story tells.
func (s *stage) run(dir string, status int, line string) error {
	_, err := s.capture(dir, status, line, os.Stdout)
	return err
}

func (s *stage) capture(dir string, status int, line string, out *os.File) (string, error) {
	fmt.Printf("\n%s$ %s\n", prompt(dir), line)
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir, cmd.Env = filepath.Join(s.out, dir), s.env
	var kept strings.Builder
	if out != nil {
		cmd.Stdout = out
	} else {
		cmd.Stdout = &kept
	}
	cmd.Stderr = os.Stdout
	began := time.Now()
	err := cmd.Run()
	got := 0
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		got = ended.ExitCode()
	case err != nil:
		return "", err
	}
	fmt.Printf("[exit %d, %.1f s]\n", got, time.Since(began).Seconds())
	if got != status {
		return "", fmt.Errorf("%q ended with %d, and the story says %d", line, got, status)
	}
	return strings.TrimSpace(kept.String()), nil
}

func prompt(dir string) string {
	if dir == "" {
		return ""
	}
	return dir + " "
}

// copyTree copies regular files.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, b, 0o644)
	})
}

// edit replaces text in a file of the demo, and shows both.
func (s *stage) edit(file, was, is string) error {
	path := filepath.Join(s.out, file)
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !strings.Contains(string(b), was) {
		return fmt.Errorf("%s does not hold %q", file, was)
	}
	fmt.Printf("\n%s, edited by hand:\n  - %s\n  + %s\n", file, strings.TrimSpace(was), strings.TrimSpace(is))
	return os.WriteFile(path, []byte(strings.ReplaceAll(string(b), was, is)), 0o644)
}
