package modelfile

import (
	"embed"
	"slices"
	"strings"
)

// allow holds what a pickle may name, a file for each library, a name a line.
// Names are exact. A prefix would let in whatever a library's modules have
// imported themselves, os among it, and every function beside the classes.
//
//go:embed allow/*.txt
var allow embed.FS

// allowed is the list, with what the caller adds to it.
func allowed(extra []string) (map[string]bool, error) {
	names := map[string]bool{}
	files, err := allow.ReadDir("allow")
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		text, err := allow.ReadFile("allow/" + f.Name())
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				names[line] = true
			}
		}
	}
	for _, name := range extra {
		// What runs any code it is given stays refused whoever allows it.
		if !slices.Contains(never, name) {
			names[name] = true
		}
	}
	return names, nil
}

// never are the callables with which any pickle can do anything.
var never = []string{
	"os.system", "nt.system", "posix.system", "os.popen", "subprocess.Popen", "subprocess.call", "subprocess.run",
	"subprocess.check_call", "subprocess.check_output", "builtins.eval", "builtins.exec", "builtins.compile", "builtins.getattr",
	"builtins.__import__", "__builtin__.eval", "__builtin__.exec", "__builtin__.execfile", "__builtin__.compile",
	"__builtin__.getattr", "__builtin__.__import__", "importlib.import_module", "pickle.loads", "_pickle.loads",
	"pickle.load", "_pickle.load", "joblib.load", "marshal.loads", "types.FunctionType", "types.CodeType",
}
