package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/weighlock/weighlock/internal/lineage"
)

// ecosystems are the package managers that can be asked, and how to see that
// one of them has a part in the run.
var ecosystems = []struct {
	used func(r *run, program string) bool
	list func(r *run, ctx context.Context, program string) ([]lineage.Package, error)
}{
	{usesGo, (*run).goModules},
	{usesConda, (*run).condaPackages},
	{usesPython, (*run).pythonPackages},
	{usesR, (*run).rPackages},
}

// packages lists the libraries of the ecosystems that the run uses. Where none
// does, or one that does cannot be asked, the status is unknown, and the list
// holds what was found all the same.
func (r *run) packages(ctx context.Context) lineage.Packages {
	p := lineage.Packages{Status: lineage.Unknown, List: []lineage.Package{}}
	program := filepath.Base(r.command[0])
	asked, failed := 0, 0
	for _, e := range ecosystems {
		if !e.used(r, program) {
			continue
		}
		asked++
		found, err := e.list(r, ctx, program)
		if err != nil {
			failed++
		}
		p.List = append(p.List, found...)
	}
	slices.SortFunc(p.List, func(a, b lineage.Package) int {
		return slices.Compare([]string{a.Ecosystem, a.Name, a.Version}, []string{b.Ecosystem, b.Name, b.Version})
	})
	p.List = slices.Compact(p.List)
	if asked > 0 && failed == 0 {
		p.Status = lineage.Listed
	}
	return p
}

func (r *run) has(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Stat(filepath.Join(r.project.Dir, name))
		return err == nil
	})
}

func usesGo(r *run, program string) bool { return program == "go" || r.has("go.mod") }

func usesConda(r *run, program string) bool {
	return program == "conda" || program == "mamba" || (r.d.getenv("CONDA_PREFIX") != "" && usesPython(r, program))
}

func usesPython(r *run, program string) bool {
	if strings.HasPrefix(program, "python") || strings.HasSuffix(program, ".py") {
		return true
	}
	switch program {
	case "pip", "pip3", "uv", "poetry", "pytest", "accelerate", "torchrun", "dvc", "mlflow", "jupyter", "papermill":
		return true
	}
	return r.has("requirements.txt", "pyproject.toml", "setup.py", "Pipfile")
}

func usesR(r *run, program string) bool {
	return program == "R" || program == "Rscript" || r.has("renv.lock", "DESCRIPTION")
}

// goModules is the build list. The main module is left out: the commit names
// it.
func (r *run) goModules(ctx context.Context, _ string) ([]lineage.Package, error) {
	out, err := r.tool(ctx, "go", "list", "-m", "-json", "all")
	if err != nil {
		return nil, err
	}
	type module struct {
		Path, Version string
		Main          bool
		Replace       *module
	}
	var list []lineage.Package
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var m module
		if err := dec.Decode(&m); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		if m.Replace != nil {
			m.Path, m.Version = m.Replace.Path, m.Replace.Version
		}
		if !m.Main && m.Version != "" {
			list = append(list, lineage.Package{Ecosystem: "go", Name: m.Path, Version: m.Version})
		}
	}
}

// pythonPackages asks the interpreter of the command, else the one on the
// path.
func (r *run) pythonPackages(ctx context.Context, program string) ([]lineage.Package, error) {
	python := "python3"
	if strings.HasPrefix(program, "python") {
		python = r.command[0]
	} else if _, err := r.d.find(r.project.Dir, "python"); err == nil {
		python = "python"
	}
	out, err := r.tool(ctx, python, "-m", "pip", "list", "--format", "json")
	if err != nil {
		return nil, err
	}
	return named("pypi", out)
}

func (r *run) condaPackages(ctx context.Context, _ string) ([]lineage.Package, error) {
	out, err := r.tool(ctx, "conda", "list", "--json")
	if err != nil {
		return nil, err
	}
	return named("conda", out)
}

// named reads the form that pip and conda share.
func named(ecosystem string, text []byte) ([]lineage.Package, error) {
	var found []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
		Channel string `json:"channel"`
	}
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, err
	}
	var list []lineage.Package
	for _, p := range found {
		if strings.TrimSpace(p.Name) == "" || strings.TrimSpace(p.Version) == "" {
			return nil, errors.New("a package without name or version")
		}
		if p.Channel != "pypi" { // conda repeats what pip lists
			list = append(list, lineage.Package{Ecosystem: ecosystem, Name: p.Name, Version: p.Version})
		}
	}
	return list, nil
}

func (r *run) rPackages(ctx context.Context, _ string) ([]lineage.Package, error) {
	out, err := r.tool(ctx, "Rscript", "--vanilla", "-e",
		`p <- installed.packages(); cat(paste(p[,"Package"], p[,"Version"], sep="\t"), sep="\n")`)
	if err != nil {
		return nil, err
	}
	return tabbed("cran", out)
}

// tabbed reads lines of name, tab, version.
func tabbed(ecosystem string, text []byte) ([]lineage.Package, error) {
	var list []lineage.Package
	for line := range strings.Lines(string(text)) {
		name, version, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok || name == "" || version == "" {
			return nil, errors.New("a line that is not name and version")
		}
		list = append(list, lineage.Package{Ecosystem: ecosystem, Name: name, Version: version})
	}
	return list, nil
}
