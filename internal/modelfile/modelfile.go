// Package modelfile says what a model file is, and whether loading it could
// run code. It reads bytes, never names, and executes nothing: pickles and
// joblib files are walked opcode by opcode against a list of names, other
// formats are recognised by headers that have to hold. It fails closed: what
// cannot be recognised or followed to its end is never safe.
//
// Safe means that loading calls nothing but what is on the list. It does not
// say that the library that loads is free of faults, nor that the model is good.
package modelfile

import (
	"bytes"
	"fmt"
	"io"
)

// Statuses of a Finding.
const (
	Safe   = "safe"   // loading runs no code of the file's choice
	Unsafe = "unsafe" // it could, or that cannot be ruled out
	Error  = "error"  // it could not be read to its end
	// Mistaken is text where another file should be: a pointer to it, or text
	// under the name of a binary format.
	Mistaken = "mistaken"
)

// Finding is what is known of one file.
type Finding struct {
	// Format is one of Formats, or unknown.
	Format string `json:"format"`
	Status string `json:"status"`
	// Findings name what is unsafe, unreadable or mistaken; none where Status is safe.
	Findings []string `json:"findings"`
}

// Formats lists the formats that can be safe.
func Formats() []string {
	return []string{"gguf", "joblib", "json", "npy", "npz", "onnx", "pickle", "pytorch", "safetensors", "text"}
}

// findings collects what is wrong, each once.
type findings struct {
	list []string
	more int
	// strict is false where bytes are read as a pickle that are probably none.
	strict bool
}

const maxFindings = 50

func (f *findings) add(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	for _, have := range f.list {
		if have == s {
			return
		}
	}
	if len(f.list) >= maxFindings {
		f.more++
		return
	}
	f.list = append(f.list, s)
}

func (f *findings) all() []string {
	list := append([]string{}, f.list...)
	if f.more > 0 {
		list = append(list, fmt.Sprintf("and %d more", f.more))
	}
	return list
}

// Inspect reads a file's bytes, of which there are size. allow are names,
// module.name, that a pickle may use beyond the built-in list; whatever runs
// any code it is given (eval, os.system and the like) stays refused. The name
// never makes a file safe; its suffix may promise more than text.
func Inspect(name string, r io.ReaderAt, size int64, allow []string) (found Finding) {
	defer func() {
		if p := recover(); p != nil {
			found = Finding{"unknown", Error, []string{fmt.Sprintf("cannot be read: %v", p)}}
		}
	}()
	if size <= 0 {
		return Finding{"unknown", Error, []string{"is empty"}}
	}
	list, err := allowed(allow)
	if err != nil {
		return broken("unknown", err)
	}
	head := make([]byte, min(size, 64))
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), head); err != nil {
		return broken("unknown", err)
	}
	f := &file{r: r, size: size, head: head, allow: list}
	found = f.recognise()
	if found.Status == Safe && found.Format != "pickle" && found.Format != "joblib" {
		f.alsoPickle(&found)
	}
	if found.Status == Safe && (found.Format == "text" || found.Format == "json") {
		f.promise(name, &found)
	}
	return found
}

// file is what the formats look at.
type file struct {
	r     io.ReaderAt
	size  int64
	head  []byte // its first 64 bytes
	allow map[string]bool
}

func (f *file) begins(mark string) bool { return bytes.HasPrefix(f.head, []byte(mark)) }

// recognise asks the formats, those with a signature first.
func (f *file) recognise() Finding {
	for _, s := range signatures {
		if f.begins(s.mark) {
			return s.inspect(f)
		}
	}
	for _, inspect := range []func(*file) (Finding, bool){safetensors, jsonText, savedModel, onnx, oldPickle, plainText} {
		if found, ok := inspect(f); ok {
			return found
		}
	}
	return unsafe("unknown", "its format is not known, so what loading it does is not either")
}

// alsoPickle refuses a file of another format that pickle.load would run
// before it notices: file names decide in many programs what loads a file.
func (f *file) alsoPickle(found *Finding) {
	out := &findings{}
	w := &walk{src: fileSource(f.r, f.size), allow: f.allow, out: out}
	_ = w.one() // an error is what is expected
	if w.called {
		*found = unsafe(found.Format, append([]string{"is a pickle too, which loading it as one would run"}, out.all()...)...)
	}
}

func safe(format string) Finding { return Finding{format, Safe, []string{}} }

func unsafe(format string, findings ...string) Finding { return Finding{format, Unsafe, findings} }

func broken(format string, err error) Finding { return Finding{format, Error, []string{err.Error()}} }

// result joins what a walk found with how it ended.
func result(format string, out *findings, err error) Finding {
	switch list := out.all(); {
	case len(list) > 0:
		return unsafe(format, list...)
	case err != nil:
		return broken(format, err)
	}
	return safe(format)
}
