package schema

import (
	"testing"
)

func TestCompile(t *testing.T) {
	for _, name := range Names() {
		if _, err := shared().form(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
