package gate

import "testing"

// A second key must part building from judging, not only be there.
func TestSigning(t *testing.T) {
	by := func(signer string, names ...string) (list []Evidence) {
		for _, name := range names {
			list = append(list, Evidence{Name: name, Signer: signer})
		}
		return list
	}
	tests := map[string]struct {
		evidence [][]Evidence
		want     string
	}{
		"nothing":                            {nil, "unsigned"},
		"nobody signed":                      {[][]Evidence{by("", "run", "evaluation")}, "unsigned"},
		"one key for all":                    {[][]Evidence{by("a", "spec", "run", "evaluation", "sign")}, "single-signer"},
		"one builds, another judges":         {[][]Evidence{by("a", "spec", "run"), by("b", "evaluation", "datacheck", "sign")}, "separate"},
		"a second builder parts nothing":     {[][]Evidence{by("a", "run", "evaluation", "sign"), by("b", "spec")}, "single-signer"},
		"a second judge parts nothing":       {[][]Evidence{by("a", "run", "evaluation"), by("b", "sign")}, "single-signer"},
		"a record by another parts nothing":  {[][]Evidence{by("a", "run", "evaluation"), by("b", "record")}, "single-signer"},
		"a waiver by another parts nothing":  {[][]Evidence{by("a", "run", "evaluation"), by("b", "waiver")}, "single-signer"},
		"two builders and nobody who judged": {[][]Evidence{by("a", "run"), by("b", "spec")}, "single-signer"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var all []Evidence
			for _, some := range tt.evidence {
				all = append(all, some...)
			}
			if got := signing(all); got != tt.want {
				t.Errorf("got %s; want %s", got, tt.want)
			}
		})
	}
}
