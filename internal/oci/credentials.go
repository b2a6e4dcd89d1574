package oci

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// ErrCredentials says that the configuration of logins is wrong. Nobody was
// asked: without a login that was meant to be there, nothing is sent.
var ErrCredentials = errors.New("logins cannot be read")

// Credentials is what to log in with, as docker login and podman login leave
// it, by the variables of an environment ("NAME=value"). Asked in this order,
// until one knows the registry: DOCKER_AUTH_CONFIG, which holds what a
// config.json would; config.json in DOCKER_CONFIG; REGISTRY_AUTH_FILE; docker's
// config.json, and podman's auth.json, in their usual places. Each may name a
// credential helper instead. A login is given to the host that it is kept for,
// and one that cannot be read is an error, never a request without it.
func Credentials(environ []string) authn.Keychain { return logins{environ} }

type logins struct{ environ []string }

func (l logins) Resolve(target authn.Resource) (authn.Authenticator, error) {
	return l.ResolveContext(context.Background(), target)
}

func (l logins) ResolveContext(ctx context.Context, target authn.Resource) (authn.Authenticator, error) {
	for _, place := range l.places() {
		raw, err := place.read()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCredentials, err)
		}
		if raw == nil {
			continue
		}
		login, err := l.find(ctx, raw, target, place.strict)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, fmt.Errorf("%w: %s: %w", ErrCredentials, place.what, err)
		}
		if login != (authn.AuthConfig{}) {
			return authn.FromConfig(login), nil
		}
	}
	return authn.Anonymous, nil
}

// get is a variable of the environment; of one that is set twice, the last.
func (l logins) get(name string) string {
	for _, v := range slices.Backward(l.environ) {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// loginPlace is where logins may be kept. read gives nothing where there are
// none; a strict place was made for this run, so that an entry without a login
// is a mistake.
type loginPlace struct {
	what   string
	strict bool
	read   func() ([]byte, error)
}

// maxLogins bounds a file of logins, and an answer of a credential helper.
const maxLogins = 1 << 20

func (l logins) places() []loginPlace {
	var list []loginPlace
	file := func(path string, mayLack bool) {
		list = append(list, loginPlace{what: path, read: func() ([]byte, error) {
			info, err := os.Stat(path)
			switch {
			case mayLack && errors.Is(err, fs.ErrNotExist):
				return nil, nil
			case err != nil:
				return nil, fmt.Errorf("%w\nhint: let REGISTRY_AUTH_FILE and DOCKER_CONFIG name what is there, or unset them", err)
			case info.Size() > maxLogins:
				return nil, fmt.Errorf("%s has %d bytes, too many for a file of logins\nhint: docker login and podman login write such files", path, info.Size())
			}
			return os.ReadFile(path)
		}})
	}
	if text := l.get("DOCKER_AUTH_CONFIG"); text != "" {
		list = append(list, loginPlace{"DOCKER_AUTH_CONFIG", true, func() ([]byte, error) { return []byte(text), nil }})
	}
	home, docker := l.get("HOME"), l.get("DOCKER_CONFIG")
	if docker != "" {
		file(filepath.Join(docker, "config.json"), true)
	}
	if path := l.get("REGISTRY_AUTH_FILE"); path != "" {
		file(path, false)
	}
	if docker == "" && home != "" {
		file(filepath.Join(home, ".docker", "config.json"), true)
	}
	if dir := l.get("XDG_RUNTIME_DIR"); dir != "" {
		file(filepath.Join(dir, "containers", "auth.json"), true)
	}
	switch dir := l.get("XDG_CONFIG_HOME"); {
	case dir != "":
		file(filepath.Join(dir, "containers", "auth.json"), true)
	case home != "":
		file(filepath.Join(home, ".config", "containers", "auth.json"), true)
	}
	return list
}

// loginFile is what counts of docker's config.json and podman's auth.json.
type loginFile struct {
	Auths   map[string]authn.AuthConfig `json:"auths"`
	Helpers map[string]string           `json:"credHelpers"` // by host
	Store   string                      `json:"credsStore"`  // the helper for all others
}

const loginForm = "\nhint: it is JSON as docker login writes it: {\"auths\": {\"HOST\": {\"auth\": \"base64 of USER:PASSWORD\"}}}"

func parseLogins(raw []byte) (loginFile, error) {
	var f loginFile
	if text := bytes.TrimSpace(raw); len(text) == 0 || text[0] != '{' {
		return f, errors.New("not a JSON object" + loginForm)
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		return f, fmt.Errorf("%w%s", err, loginForm)
	}
	return f, nil
}

// find is the login for a registry, or the zero value where there is none. A
// helper is asked before what the file holds itself, as docker does.
func (l logins) find(ctx context.Context, raw []byte, target authn.Resource, strict bool) (authn.AuthConfig, error) {
	f, err := parseLogins(raw)
	if err != nil {
		return authn.AuthConfig{}, err
	}
	host := target.RegistryStr()
	helper := f.Store
	for key, h := range f.Helpers {
		if canonical(key) == host {
			helper = h
		}
	}
	if helper != "" {
		login, err := l.ask(ctx, helper, host)
		if err != nil || login != (authn.AuthConfig{}) {
			return login, err
		}
	}
	login, listed := f.entry(target)
	if strict && listed && helper == "" && login == (authn.AuthConfig{}) {
		return login, fmt.Errorf("it lists %s without a login%s", host, loginForm)
	}
	return login, nil
}

// entry is what the file holds for a repository, or for a path that leads to
// it, or for its host: the nearest counts.
func (f loginFile) entry(target authn.Resource) (login authn.AuthConfig, listed bool) {
	keys := make([]string, 0, len(f.Auths))
	for key := range f.Auths {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	at := target.String()
	for {
		if login, ok := f.Auths[at]; ok {
			return login, true
		}
		for _, key := range keys {
			if canonical(key) == at {
				return f.Auths[key], true
			}
		}
		i := strings.LastIndex(at, "/")
		if i < 0 {
			return authn.AuthConfig{}, false
		}
		at = at[:i]
	}
}

// canonical is the host, with a path where there is one, that a key of a file
// of logins stands for. Old ones are addresses, as https://HOST/v1/.
func canonical(key string) string {
	rest, address := strings.CutPrefix(key, "https://")
	if !address {
		rest, address = strings.CutPrefix(key, "http://")
	}
	rest = strings.TrimRight(rest, "/")
	if address {
		rest = strings.TrimSuffix(strings.TrimSuffix(rest, "/v1"), "/v2")
	}
	host, path, ok := strings.Cut(rest, "/")
	if host == "docker.io" || host == "registry-1.docker.io" {
		host = name.DefaultRegistry
	}
	if ok {
		return host + "/" + path
	}
	return host
}

// helperTime is how long a credential helper may take: it may ask a person.
const helperTime = 2 * time.Minute

var helperForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._-]*$`)

// ask runs a credential helper (docker/docker-credential-helpers, "Development"):
// a host on standard input, a login as JSON on standard output. One that it
// does not have is the zero value. Secrets of ours are not for it.
func (l logins) ask(ctx context.Context, helper, host string) (authn.AuthConfig, error) {
	if !helperForm.MatchString(helper) {
		return authn.AuthConfig{}, fmt.Errorf("%q is not the name of a credential helper\nhint: it is what follows docker-credential- in the program's name", helper)
	}
	program := "docker-credential-" + helper
	server := host
	if host == name.DefaultRegistry {
		server = authn.DefaultAuthKey
	}
	limited, stop := context.WithTimeout(ctx, helperTime)
	defer stop()
	var out, said bounded
	c := exec.CommandContext(limited, program, "get")
	c.WaitDelay = time.Second
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(server), &out, &said
	c.Env = slices.DeleteFunc(slices.Clone(l.environ), func(v string) bool {
		return strings.HasPrefix(v, "WEIGHLOCK_") || strings.HasPrefix(v, "COSIGN_PASSWORD=")
	})
	err := c.Run()
	if ctx.Err() != nil {
		return authn.AuthConfig{}, ctx.Err()
	}
	if err != nil {
		text := strings.TrimSpace(out.String() + said.String())
		if strings.Contains(text, "credentials not found in native keychain") {
			return authn.AuthConfig{}, nil
		}
		return authn.AuthConfig{}, fmt.Errorf("the credential helper %s gave nothing for %s: %w: %q\nhint: try it: echo %s | %s get", program, host, err, firstLine(text), server, program)
	}
	var answer struct{ Username, Secret string }
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil || answer.Secret == "" {
		// What it printed may be a secret.
		return authn.AuthConfig{}, fmt.Errorf("the credential helper %s answered for %s, and not with a login\nhint: try it: echo %s | %s get", program, host, server, program)
	}
	if answer.Username == "<token>" {
		return authn.AuthConfig{Username: answer.Username, IdentityToken: answer.Secret}, nil
	}
	return authn.AuthConfig{Username: answer.Username, Password: answer.Secret}, nil
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line[:min(len(line), 200)]
}

// bounded keeps the beginning of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), max(0, maxLogins-b.Len()))])
	return len(p), nil
}
