package project

import "testing"

func TestParsePerturbation(t *testing.T) {
	for text, want := range map[string]Perturbation{
		"*1.1": {Kind: "scale", By: 1.1}, "*-1": {Kind: "scale", By: -1}, "+5": {Kind: "shift", By: 5}, "-0.5": {Kind: "shift", By: -0.5},
		"missing": {Kind: "missing"}, "permute": {Kind: "permute"}, "swap": {Kind: "swap"}, "=north west": {Kind: "replace", Value: "north west"}, "==": {Kind: "replace", Value: "="},
	} {
		if got, ok := ParsePerturbation(text); !ok || got != want {
			t.Errorf("%q: got %+v, %v; want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "=", "*", "+", "5", "*x", "+inf", "*NaN", "-1e999", "Missing", "scale"} {
		if got, ok := ParsePerturbation(text); ok {
			t.Errorf("%q: got %+v; want a refusal", text, got)
		}
	}
}
