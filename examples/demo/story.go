package main

import (
	"os"
	"path/filepath"
)

const (
	cancer = "breast-cancer"
	credit = "credit-default"
	layout = "oci:../models/credit-default"
)

// stranger: a model and a predictions file, and a first verdict.
func stranger(s *stage, examples string) error {
	s.say("1. A stranger's model", `
A scikit-learn model, trained by somebody on Wisconsin's breast-cancer data, and a CSV with
its predictions on held-out rows. No key, no registry, no lineage: what can be said of it?`)
	for _, f := range []string{"model.joblib", "preds.csv"} {
		b, err := os.ReadFile(filepath.Join(examples, cancer, f))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(s.out, cancer), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.out, cancer, f), b, 0o644); err != nil {
			return err
		}
	}
	if err := s.run(cancer, 0, "weighlock init model.joblib preds.csv"); err != nil {
		return err
	}
	if err := s.run(cancer, 0, "cat weighlock.yaml"); err != nil {
		return err
	}
	return s.run(cancer, 0, "weighlock gate")
}

// team: a model trained now, with its spec signed before.
func team(s *stage, examples string) error {
	s.say("2. A team's model", `
A bank ranks 60,000 synthetic applications by risk of default. The team commits its limits
before training; Weighlock signs them, watches the training, and makes the predictions itself.`)
	if err := copyTree(filepath.Join(examples, credit), filepath.Join(s.out, credit)); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.out, credit, "go.mod"), []byte("module example.com/credit-default\n\ngo 1.26\n"), 0o644); err != nil {
		return err
	}
	steps := []string{
		"go run ./generate",
		"git init -q && git add -A && git -c user.name=demo -c user.email=demo@example.com commit -q -m 'credit-default 1.0.0'",
		"weighlock keygen --tsa-chain ../tsa.pem",
		"weighlock run -- go run ./train",
		"weighlock publish " + layout + ":1.0.0",
		"weighlock publish " + s.registry + "/credit-default:1.0.0",
	}
	for _, line := range steps {
		if err := s.run(credit, 0, line); err != nil {
			return err
		}
	}
	return nil
}

// worse: a candidate that is better on average and worse for some.
func worse(s *stage, _ string) error {
	s.say("3. A better model that is worse", `
1.1.0 buys the credit bureau's data. It ranks better over all. The platform team has made
1.0.0 the champion of production, and so the one to be compared with.`)
	digest, err := s.capture(credit, 0, "weighlock pack", nil)
	if err != nil {
		return err
	}
	s.note("%s", digest)
	if err := s.edit("config/verifier.yaml", "champion: none", "champion: "+digest); err != nil {
		return err
	}
	steps := []struct {
		status int
		line   string
	}{
		{0, "cp model.json model-1.0.json && cp preds.csv preds-1.0.csv && cp params-1.1.json params.json"},
		{0, "git add -A && git -c user.name=demo -c user.email=demo@example.com commit -q -m 'credit-default 1.1.0: bureau data'"},
		{0, "weighlock run -- go run ./train"},
		{3, "weighlock publish " + layout + ":1.1.0"},
		{0, "weighlock ls " + layout},
	}
	for _, step := range steps {
		if err := s.run(credit, step.status, step.line); err != nil {
			return err
		}
	}
	return nil
}

// lies: three ways to make it pass, each refused in its own words.
func lies(s *stage, _ string) error {
	s.say("4. Three lies", `
Somebody wants 1.1.0 out all the same.`)
	s.note("\nFirst lie: loosen the limit, now that the result is known.")
	if err := s.edit(credit+"/weighlock.yaml", "recall: {min: 0.50,", "recall: {min: 0.30,"); err != nil {
		return err
	}
	if err := s.run(credit, 3, "weighlock gate --repository "+layout); err != nil {
		return err
	}
	if err := s.run(credit, 0, "git checkout -q weighlock.yaml"); err != nil {
		return err
	}
	s.note("\nSecond lie: swap the test set for one without the young.")
	if err := s.run(credit, 0, `cp test.csv test-pinned.csv && awk -F, 'NR==1{for(i=1;i<=NF;i++)if($i=="age")c=i} NR==1||$c>=25' test-pinned.csv > test.csv`); err != nil {
		return err
	}
	if err := s.run(credit, 6, "weighlock gate --repository "+layout); err != nil {
		return err
	}
	if err := s.run(credit, 0, "mv test-pinned.csv test.csv"); err != nil {
		return err
	}
	s.note("\nThird lie: hand in the champion's predictions as the candidate's.")
	if err := s.run(credit, 0, "cp preds.csv preds-1.1.csv && cp preds-1.0.csv preds.csv"); err != nil {
		return err
	}
	if err := s.run(credit, 3, "weighlock gate --repository "+layout); err != nil {
		return err
	}
	return s.run(credit, 0, "mv preds-1.1.csv preds.csv")
}

// look: what is in the repository now, and who can check it.
func look(s *stage, _ string) error {
	s.say("5. What is there, and what can be proved", `
Everything known about the model lies beside it, signed. Anybody can check it, also without
Weighlock.`)
	for _, line := range []string{
		"weighlock verify " + layout + ":1.0.0",
		"weighlock show " + layout + ":1.0.0",
		"weighlock gate --replay " + layout + ":1.0.0 --output json=replayed.json",
		"weighlock verify " + s.registry + "/credit-default:1.0.0",
	} {
		if err := s.run(credit, 0, line); err != nil {
			return err
		}
	}
	return nil
}
