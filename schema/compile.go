package schema

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"
)

// loader reads packages of the module out of a file system, without cue/load,
// so without a module cache or network.
type loader struct {
	fsys  fs.FS
	ctx   *build.Context
	built map[string]*build.Instance
}

func newLoader(fsys fs.FS) *loader {
	return &loader{fsys: fsys, ctx: build.NewContext(), built: map[string]*build.Instance{}}
}

// instance loads the package in a folder of the module, with all that it
// imports.
func (l *loader) instance(dir string) (*build.Instance, error) {
	if inst, ok := l.built[dir]; ok {
		return inst, nil
	}
	names, err := fs.Glob(l.fsys, path.Join(dir, "*.cue"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no CUE files in %s of the schema module", dir)
	}
	inst := l.ctx.NewInstance(dir, l.imported)
	inst.ImportPath = modulePath + "/" + dir
	l.built[dir] = inst
	for _, name := range names {
		text, err := fs.ReadFile(l.fsys, name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(name, text, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		if err := restricted(file); err != nil {
			return nil, err
		}
		if err := inst.AddSyntax(file); err != nil {
			return nil, err
		}
	}
	return inst, inst.Complete()
}

// restricted refuses constructs whose meaning depends on other values: the
// walk in Go sees each field by itself.
func restricted(file *ast.File) (err error) {
	refuse := func(n ast.Node, what string) {
		if err == nil {
			err = fmt.Errorf("%s: %s are not among the forms that schemas may use", n.Pos(), what)
		}
	}
	ast.Walk(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Comprehension:
			refuse(n, "conditions and loops")
		case *ast.Field:
			switch n.Label.(type) {
			case *ast.ParenExpr, *ast.Interpolation:
				refuse(n, "fields with computed names")
			}
		}
		return true
	}, nil)
	return err
}

// imported resolves an import of a CUE file; nil leaves it to CUE's own
// packages.
func (l *loader) imported(pos token.Pos, importPath string) *build.Instance {
	dir, ours := strings.CutPrefix(importPath, modulePath+"/")
	if first, _, _ := strings.Cut(importPath, "/"); !ours && strings.Contains(first, ".") {
		inst := l.ctx.NewInstance(dir, nil)
		inst.Err = errors.Newf(pos, "only CUE's own packages and %s can be imported, not %q", modulePath, importPath)
		return inst
	}
	if !ours {
		return nil
	}
	dir, _, _ = strings.Cut(dir, ":") // the package's name
	dir, _, _ = strings.Cut(dir, "@") // the module's version
	inst, err := l.instance(dir)
	if err != nil {
		inst = l.ctx.NewInstance(dir, nil)
		inst.Err = errors.Promote(err, "loading "+importPath)
	}
	return inst
}

// value evaluates the package in a folder of the module.
func (l *loader) value(ctx *cue.Context, dir string) (cue.Value, error) {
	inst, err := l.instance(dir)
	if err != nil {
		return cue.Value{}, flat(err)
	}
	v := ctx.BuildInstance(inst)
	if err := v.Validate(); err != nil {
		return cue.Value{}, flat(err)
	}
	return v, nil
}

// definition evaluates one definition of a package.
func (l *loader) definition(ctx *cue.Context, dir, name string) (cue.Value, error) {
	v, err := l.value(ctx, dir)
	if err != nil {
		return cue.Value{}, err
	}
	d := v.LookupPath(cue.ParsePath(name))
	if err := d.Err(); err != nil {
		return cue.Value{}, fmt.Errorf("%s in %s: %w", name, dir, flat(err))
	}
	return d, nil
}

// flat is a CUE error with its positions, as one error text.
func flat(err error) error {
	return fmt.Errorf("%s", strings.TrimSpace(errors.Details(err, nil)))
}

// library compiles definitions on demand and keeps them. A cue.Context is not
// safe for concurrent use, so compiling is locked; what it yields is plain Go
// and never changes.
type library struct {
	mu       sync.Mutex
	ctx      *cue.Context
	loader   *loader
	compiler *compiler
	forms    map[string]*form
}

// shared is the one library over FS; each definition is compiled at most once
// in a process.
var shared = sync.OnceValue(func() *library { return newLibrary(FS) })

func newLibrary(fsys fs.FS) *library {
	return &library{ctx: cuecontext.New(), loader: newLoader(fsys), compiler: &compiler{map[definition]*form{}}, forms: map[string]*form{}}
}

// form is the compiled definition of a document.
func (l *library) form(name string) (*form, error) {
	dir, definition, err := locate(name)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.forms[name]; ok {
		return f, nil
	}
	v, err := l.loader.definition(l.ctx, dir, definition)
	if err != nil {
		return nil, fmt.Errorf("compiling schema %s: %w", name, err)
	}
	f, err := l.compiler.compile(v)
	if err != nil {
		return nil, fmt.Errorf("compiling schema %s: %w", name, err)
	}
	l.forms[name] = f
	return f, nil
}
