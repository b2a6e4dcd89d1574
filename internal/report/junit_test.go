package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weighlock/weighlock/internal/verdict"
)

// readJUnit checks that what the suites say of themselves is what they hold.
func readJUnit(t *testing.T, out []byte, r *verdict.Report) {
	root := parseXML(t, out)
	total, names := map[string]int{}, map[string]bool{}
	for _, suite := range root.Child {
		held := map[string]int{"tests": len(suite.Child)}
		for _, c := range suite.Child {
			name := c.Attr["classname"] + "\x00" + c.Attr["name"]
			if names[name] {
				t.Errorf("the case %q stands twice", name)
			}
			names[name] = true
			for _, says := range c.Child {
				held[map[string]string{"failure": "failures", "error": "errors", "skipped": "skipped"}[says.Name]]++
			}
		}
		delete(held, "")
		sameCounts(t, suite, held)
		for k, n := range held {
			total[k] += n
		}
	}
	sameCounts(t, root, total)
	if total["tests"] != len(r.Checks)+1 {
		t.Errorf("%d cases for %d checks and the verdict", total["tests"], len(r.Checks))
	}
	if bad := total["failures"] + total["errors"]; (bad > 0) != (r.Outcome != verdict.Allow) {
		t.Errorf("outcome %s with %d failures and errors", r.Outcome, bad)
	}
	if r.Outcome == verdict.Deny && total["failures"] == 0 {
		t.Error("denied without a failure")
	}
}

func sameCounts(t *testing.T, n *xmlNode, held map[string]int) {
	t.Helper()
	said := map[string]int{}
	for _, k := range []string{"tests", "failures", "errors", "skipped"} {
		var v int
		if err := json.Unmarshal([]byte(n.Attr[k]), &v); err != nil {
			t.Fatalf("%s of %s: %v", k, n.Name, err)
		}
		if v > 0 {
			said[k] = v
		}
	}
	for k, v := range held {
		if v == 0 {
			delete(held, k)
		}
	}
	if diff := cmp.Diff(held, said); diff != "" {
		t.Errorf("counts of %s (-held +said):\n%s", n.Name, diff)
	}
}

type xmlNode struct {
	Name  string
	Attr  map[string]string
	Child []*xmlNode
}

// parseXML is strict encoding/xml, down to the last byte.
func parseXML(t *testing.T, out []byte) *xmlNode {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(out))
	root := &xmlNode{}
	stack := []*xmlNode{root}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return root.Child[0]
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			n := &xmlNode{Name: e.Name.Local, Attr: map[string]string{}}
			for _, a := range e.Attr {
				n.Attr[a.Name.Local] = a.Value
			}
			last := stack[len(stack)-1]
			last.Child = append(last.Child, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		}
	}
}
