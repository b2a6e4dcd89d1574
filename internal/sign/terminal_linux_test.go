package sign_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/weighlock/weighlock/internal/sign"
)

func TestAPersonAtTheTerminalIsAsked(t *testing.T) {
	keyboard, terminal := openTerminal(t)
	if _, err := keyboard.WriteString("typed\n"); err != nil {
		t.Fatal(err)
	}
	var prompt strings.Builder
	got, err := sign.Password(func(string) string { return "" }, terminal, &prompt)()
	if err != nil || string(got) != "typed" {
		t.Errorf("got %q, error %v; want what was typed", got, err)
	}
	if want := "Password for the private key: \n"; prompt.String() != want {
		t.Errorf("got prompt %q; want %q", prompt.String(), want)
	}
}

// openTerminal is a pseudo-terminal and the end at which one types.
func openTerminal(t *testing.T) (keyboard, terminal *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return keyboard, terminal
}
