package oci

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// auths is a file of logins, each USER:PASSWORD, by host.
func auths(logins ...string) string {
	list := map[string]map[string]string{}
	for i := 0; i < len(logins); i += 2 {
		list[logins[i]] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(logins[i+1]))}
	}
	b, _ := json.Marshal(map[string]any{"auths": list})
	return string(b)
}

// helper writes a credential helper into a folder on PATH.
func helper(t *testing.T, name, script string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "docker-credential-"+name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// resolve is the login for a repository, as USER:PASSWORD, or as a token; empty
// for nobody's.
func resolve(t *testing.T, environ []string, ref string) (string, error) {
	t.Helper()
	host, path, _ := strings.Cut(ref, "/")
	reg, err := name.NewRegistry(host)
	if err != nil {
		t.Fatal(err)
	}
	login, err := authn.Resolve(t.Context(), Credentials(environ), reg.Repo(path))
	if err != nil {
		return "", err
	}
	c, err := login.Authorization()
	switch {
	case err != nil:
		t.Fatal(err)
	case c.IdentityToken != "":
		return "identity " + c.IdentityToken, nil
	case c.RegistryToken != "":
		return "token " + c.RegistryToken, nil
	case c.Username == "":
		return "", nil
	}
	return c.Username + ":" + c.Password, nil
}

func TestCredentials(t *testing.T) {
	home := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(home, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("home/.docker/config.json", auths("reg.example", "docker:home", "docker.example", "docker:home"))
	write("home/.config/containers/auth.json", auths("reg.example", "podman:home", "podman.example", "podman:home"))
	write("run/containers/auth.json", auths("run.example", "podman:run"))
	write("xdg/containers/auth.json", auths("xdg.example", "podman:xdg"))
	write("config/config.json", auths("reg.example", "docker:config"))
	write("file.json", auths("reg.example", "podman:file"))
	write("empty/nothing", "")
	helped := write("helped.json", `{"auths":{"reg.example":{}},"credsStore":"test","credHelpers":{"own.example":"own"}}`)
	// Helpers that know one host each, and one that knows who asked.
	helper(t, "test", `read host; if [ "$host" = reg.example ]; then echo '{"ServerURL":"reg.example","Username":"from","Secret":"helper"}'; else echo credentials not found in native keychain; exit 1; fi`)
	helper(t, "own", `read host; echo "{\"Username\":\"<token>\",\"Secret\":\"of $host, $WEIGHLOCK_PASSWORD$COSIGN_PASSWORD$MINE\"}"`)
	helper(t, "hub", `read host; echo "{\"Username\":\"hub\",\"Secret\":\"$host\"}"`)

	at := func(names ...string) []string {
		list := []string{"PATH=" + os.Getenv("PATH")}
		for _, n := range names {
			list = append(list, strings.ReplaceAll(n, "%", home+"/"))
		}
		return list
	}
	tests := map[string]struct {
		environ []string
		ref     string
		want    string
	}{
		"nowhere":                             {nil, "reg.example/m", ""},
		"docker's own place":                  {at("HOME=%home"), "reg.example/m", "docker:home"},
		"podman's, where docker has none":     {at("HOME=%home"), "podman.example/m", "podman:home"},
		"podman's, of this session":           {at("XDG_RUNTIME_DIR=%run"), "run.example/m", "podman:run"},
		"podman's, by XDG_CONFIG_HOME":        {at("HOME=%home", "XDG_CONFIG_HOME=%xdg"), "xdg.example/m", "podman:xdg"},
		"DOCKER_CONFIG in place of home":      {at("HOME=%home", "DOCKER_CONFIG=%config"), "reg.example/m", "docker:config"},
		"not what DOCKER_CONFIG took over":    {at("HOME=%home", "DOCKER_CONFIG=%config"), "docker.example/m", ""},
		"DOCKER_CONFIG without a file":        {at("HOME=%home", "DOCKER_CONFIG=%empty"), "podman.example/m", "podman:home"},
		"REGISTRY_AUTH_FILE before home":      {at("HOME=%home", "REGISTRY_AUTH_FILE=%file.json"), "reg.example/m", "podman:file"},
		"home beside REGISTRY_AUTH_FILE":      {at("HOME=%home", "REGISTRY_AUTH_FILE=%file.json"), "docker.example/m", "docker:home"},
		"DOCKER_CONFIG first":                 {at("DOCKER_CONFIG=%config", "REGISTRY_AUTH_FILE=%file.json"), "reg.example/m", "docker:config"},
		"DOCKER_AUTH_CONFIG before all":       {at("DOCKER_CONFIG=%config", "DOCKER_AUTH_CONFIG="+auths("reg.example", "env:a:b")), "reg.example/m", "env:a:b"},
		"DOCKER_AUTH_CONFIG for another host": {at("DOCKER_AUTH_CONFIG=" + auths("reg.example", "env:a")), "reg.example.evil.example/m", ""},
		"nor for another port":                {at("DOCKER_AUTH_CONFIG=" + auths("reg.example", "env:a")), "reg.example:444/m", ""},
		"another host has a file":             {at("HOME=%home", "DOCKER_AUTH_CONFIG="+auths("other.example", "env:a")), "reg.example/m", "docker:home"},
		"DOCKER_AUTH_CONFIG empty":            {at("HOME=%home", "DOCKER_AUTH_CONFIG="), "reg.example/m", "docker:home"},
		"the last of one name":                {at("DOCKER_AUTH_CONFIG=", "DOCKER_AUTH_CONFIG="+auths("reg.example", "env:a")), "reg.example/m", "env:a"},
		"an address of old":                   {at("DOCKER_AUTH_CONFIG=" + auths("https://reg.example/v1/", "env:a")), "reg.example/m", "env:a"},
		"a login of a path":                   {at("DOCKER_AUTH_CONFIG=" + auths("reg.example", "env:all", "reg.example/team", "env:team")), "reg.example/team/m", "env:team"},
		"a path beside it":                    {at("DOCKER_AUTH_CONFIG=" + auths("reg.example/team", "env:team")), "reg.example/teams/m", ""},
		"user and password in the clear":      {at(`DOCKER_AUTH_CONFIG={"auths":{"reg.example":{"username":"u","password":"p"}}}`), "reg.example/m", "u:p"},
		"an identity token":                   {at(`DOCKER_AUTH_CONFIG={"auths":{"reg.example":{"identitytoken":"t"}}}`), "reg.example/m", "identity t"},
		"a registry's token":                  {at(`DOCKER_AUTH_CONFIG={"auths":{"reg.example":{"registrytoken":"t"}}}`), "reg.example/m", "token t"},
		"docker hub by its old address":       {at("DOCKER_AUTH_CONFIG=" + auths("https://index.docker.io/v1/", "env:hub")), "docker.io/acme/m", "env:hub"},
		"docker hub by its short name":        {at("DOCKER_AUTH_CONFIG=" + auths("docker.io", "env:hub")), "docker.io/acme/m", "env:hub"},
		"a helper for all":                    {at("REGISTRY_AUTH_FILE=" + helped), "reg.example/m", "from:helper"},
		"a helper that has none":              {at("HOME=%home", "REGISTRY_AUTH_FILE="+helped), "docker.example/m", "docker:home"},
		"a helper for one host":               {at("REGISTRY_AUTH_FILE=" + helped), "own.example/m", "identity of own.example, "},
		"a helper is not told our secrets":    {at("MINE=x", "WEIGHLOCK_PASSWORD=pw", "COSIGN_PASSWORD=pw", "REGISTRY_AUTH_FILE="+helped), "own.example/m", "identity of own.example, x"},
		"a helper in DOCKER_AUTH_CONFIG":      {at(`DOCKER_AUTH_CONFIG={"credHelpers":{"reg.example":"test"}}`), "reg.example/m", "from:helper"},
		"a helper for docker hub":             {at(`DOCKER_AUTH_CONFIG={"credsStore":"hub"}`), "docker.io/m", "hub:https://index.docker.io/v1/"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := resolve(t, tt.environ, tt.ref)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestCredentialsThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("not JSON"), 0o600); err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large.json")
	if err := os.WriteFile(large, []byte(strings.Repeat(" ", maxLogins+1)), 0o600); err != nil {
		t.Fatal(err)
	}
	helper(t, "broken", `echo no key chain here >&2; exit 3`)
	helper(t, "strange", `echo s3cret`)
	helper(t, "silent", `echo '{"Username":"u"}'`)
	form := `hint: it is JSON as docker login writes it: {"auths": {"HOST": {"auth": "base64 of USER:PASSWORD"}}}`
	path := "PATH=" + os.Getenv("PATH")
	tests := map[string]struct {
		environ string
		want    string
	}{
		"not JSON":             {"DOCKER_AUTH_CONFIG=abc", "DOCKER_AUTH_CONFIG: not a JSON object\n" + form},
		"blank":                {"DOCKER_AUTH_CONFIG= ", "DOCKER_AUTH_CONFIG: not a JSON object\n" + form},
		"no object":            {"DOCKER_AUTH_CONFIG=null", "DOCKER_AUTH_CONFIG: not a JSON object\n" + form},
		"cut off":              {`DOCKER_AUTH_CONFIG={"auths":{`, "DOCKER_AUTH_CONFIG: unexpected end of JSON input\n" + form},
		"two objects":          {`DOCKER_AUTH_CONFIG={}{}`, "DOCKER_AUTH_CONFIG: invalid character '{' after top-level value\n" + form},
		"not base64":           {`DOCKER_AUTH_CONFIG={"auths":{"other.example":{"auth":"%%%"}}}`, "DOCKER_AUTH_CONFIG: unable to decode auth field: illegal base64 data at input byte 0\n" + form},
		"no password":          {`DOCKER_AUTH_CONFIG={"auths":{"reg.example":{"auth":"dXNlcg=="}}}`, "DOCKER_AUTH_CONFIG: unable to decode auth field: must be formatted as base64(username:password)\n" + form},
		"listed without login": {`DOCKER_AUTH_CONFIG={"auths":{"reg.example":{}}}`, "DOCKER_AUTH_CONFIG: it lists reg.example without a login\n" + form},
		"docker's config":      {"DOCKER_CONFIG=" + dir, dir + "/config.json: not a JSON object\n" + form},
		"no such auth file": {"REGISTRY_AUTH_FILE=" + dir + "/nothing", "stat " + dir + "/nothing: no such file or directory\n" +
			"hint: let REGISTRY_AUTH_FILE and DOCKER_CONFIG name what is there, or unset them"},
		"auth file too large":  {"REGISTRY_AUTH_FILE=" + large, large + " has 1048577 bytes, too many for a file of logins\nhint: docker login and podman login write such files"},
		"helper with a path":   {`DOCKER_AUTH_CONFIG={"credsStore":"../../tmp/x"}`, "DOCKER_AUTH_CONFIG: \"../../tmp/x\" is not the name of a credential helper\nhint: it is what follows docker-credential- in the program's name"},
		"helper is not there":  {`DOCKER_AUTH_CONFIG={"credsStore":"nowhere"}`, "DOCKER_AUTH_CONFIG: the credential helper docker-credential-nowhere gave nothing for reg.example: exec: \"docker-credential-nowhere\": executable file not found in $PATH: \"\"\nhint: try it: echo reg.example | docker-credential-nowhere get"},
		"helper fails":         {`DOCKER_AUTH_CONFIG={"credsStore":"broken"}`, "DOCKER_AUTH_CONFIG: the credential helper docker-credential-broken gave nothing for reg.example: exit status 3: \"no key chain here\"\nhint: try it: echo reg.example | docker-credential-broken get"},
		"helper babbles":       {`DOCKER_AUTH_CONFIG={"credsStore":"strange"}`, "DOCKER_AUTH_CONFIG: the credential helper docker-credential-strange answered for reg.example, and not with a login\nhint: try it: echo reg.example | docker-credential-strange get"},
		"helper has no secret": {`DOCKER_AUTH_CONFIG={"credsStore":"silent"}`, "DOCKER_AUTH_CONFIG: the credential helper docker-credential-silent answered for reg.example, and not with a login\nhint: try it: echo reg.example | docker-credential-silent get"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := resolve(t, []string{path, tt.environ}, "reg.example/m")
			if want := ErrCredentials.Error() + ": " + tt.want; !errors.Is(err, ErrCredentials) || err.Error() != want || got != "" {
				t.Errorf("got %q, %v; want %s", got, err, want)
			}
		})
	}
}

// A login that cannot be read stops the request: the registry hears nothing.
func TestNothingIsAskedWithoutTheLoginThatWasMeant(t *testing.T) {
	rec := &recorder{}
	for want, keys := range map[string]authn.Keychain{
		"login to 127.0.0.1:5000: logins cannot be read: DOCKER_AUTH_CONFIG: not a JSON object":                       Credentials([]string{"DOCKER_AUTH_CONFIG=?"}),
		"login to 127.0.0.1:5000: logins cannot be read: broken\nhint: check docker's config.json and its credential": brokenKeys{},
	} {
		r, _, err := Open("127.0.0.1:5000/acme/m", Options{Transport: rec, Keychain: keys})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.Resolve(t.Context(), "v")
		if !errors.Is(err, ErrCredentials) || errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
	if len(rec.asked) > 0 {
		t.Errorf("asked %q; want nobody", rec.asked)
	}
}

type brokenKeys struct{}

func (brokenKeys) Resolve(authn.Resource) (authn.Authenticator, error) {
	return nil, errors.New("broken")
}

// What a token server says, or a host that is no registry, is about access,
// and never about what was asked for.
func TestRefusalAtTheDoorIsNoAbsence(t *testing.T) {
	for status, want := range map[int]error{400: ErrNetwork, 401: ErrDenied, 403: ErrDenied, 404: ErrNetwork, 405: ErrNetwork, 503: ErrNetwork} {
		for _, where := range []string{"registry", "token server", "token server, later"} {
			t.Run(fmt.Sprintf("%s says %d", where, status), func(t *testing.T) {
				var host string
				tokens := 0
				host = serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
					switch {
					case req.URL.Path == "/token" && where == "token server, later" && tokens == 0:
						tokens++
						fmt.Fprint(w, `{"token":"old"}`)
					case req.URL.Path == "/token" || where == "registry":
						w.WriteHeader(status)
					default:
						w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="test"`, host))
						w.WriteHeader(http.StatusUnauthorized)
					}
				}))
				r := open(t, host+"/acme/m")
				digest := "sha256:" + strings.Repeat("ab", 32)
				for name, op := range map[string]func() error{
					"resolve":   func() error { _, err := r.Resolve(t.Context(), "v"); return err },
					"tags":      func() error { _, err := r.Tags(t.Context()); return err },
					"has blob":  func() error { _, err := r.HasBlob(t.Context(), digest); return err },
					"referrers": func() error { _, err := r.Referrers(t.Context(), digest, ""); return err },
				} {
					err := op()
					if !errors.Is(err, want) || errors.Is(err, ErrNotFound) {
						t.Errorf("%s: got %v; want %v", name, err, want)
					}
					if door := !slices.Contains([]int{401, 403, 503}, status); door && !strings.Contains(err.Error(), host+" does not let clients in as a registry does: ") {
						t.Errorf("%s: got %v; want what is wrong", name, err)
					}
				}
			})
		}
	}
}

// Passwords do not go to an address that a registry picked inside the network.
func TestTokenServerThatIsNotAsked(t *testing.T) {
	asked := 0
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("WWW-Authenticate", `Bearer realm="http://169.254.169.254/token",service="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	_, err := open(t, host+"/acme/m").Resolve(t.Context(), "v")
	want := host + " does not let clients in as a registry does: invalid realm in www-authenticate: realm host \"169.254.169.254\" is a private or link-local address\nhint: check the registry's address, and that of its token server"
	if !errors.Is(err, ErrNetwork) || !strings.HasSuffix(err.Error(), want) || asked != 1 {
		t.Errorf("got %v after %d requests; want %s after one", err, asked, want)
	}
}

func TestHintWhereThereIsNoLogin(t *testing.T) {
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
	}))
	for name, c := range map[string]struct {
		keys authn.Keychain
		want string
	}{
		"nobody":         {authn.NewMultiKeychain(), "\nhint: log in with docker login " + host + ", with an account that may do this; no login for it was found (weighlock help environment says where they are looked for)"},
		"wrong password": {keychain{"ci", "guess"}, "\nhint: log in with docker login " + host + ", with an account that may do this"},
	} {
		r, _, err := Open(host+"/acme/m", Options{Keychain: c.keys})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Resolve(t.Context(), "v"); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got %v; want it to end with %s", name, err, c.want)
		}
	}
}

// A helper is asked once for a repository, whatever is done there, and is gone
// when the caller is.
func TestHelperIsAskedOnce(t *testing.T) {
	count := filepath.Join(t.TempDir(), "count")
	helper(t, "count", `echo asked >> "$COUNT"; echo '{"Username":"ci","Secret":"secret"}'`)
	inner := newRegistryDouble(true)
	host := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "ci" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	environ := []string{"PATH=" + os.Getenv("PATH"), "COUNT=" + count, `DOCKER_AUTH_CONFIG={"credsStore":"count"}`}
	r, _, err := Open(host+"/acme/m", Options{Keychain: Credentials(environ)})
	if err != nil {
		t.Fatal(err)
	}
	d := must[Descriptor](t)(r.PushArtifact(t.Context(), note("a")))
	must[Descriptor](t)(r.Resolve(t.Context(), d.Digest))
	if got, err := os.ReadFile(count); err != nil || string(got) != "asked\n" {
		t.Errorf("got %q, %v; want it asked once", got, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	fresh, _, err := Open(host+"/acme/m", Options{Keychain: Credentials(environ)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fresh.Resolve(gone, d.Digest); !errors.Is(err, context.Canceled) || errors.Is(err, ErrCredentials) {
		t.Errorf("got %v; want context.Canceled", err)
	}
}

func FuzzLogins(f *testing.F) {
	f.Add([]byte(auths("reg.example", "u:p", "https://docker.io/v1/", "a:b")), "reg.example", "a/b")
	f.Add([]byte(`{"credHelpers":{"x":"y"},"auths":{"/":{"registrytoken":"t"}}}`), "localhost:5000", "m")
	f.Fuzz(func(t *testing.T, raw []byte, host, path string) {
		reg, err := name.NewRegistry(host)
		if err != nil {
			return
		}
		file, err := parseLogins(raw)
		if err != nil {
			return
		}
		login, listed := file.entry(reg.Repo(path))
		if !listed && login != (authn.AuthConfig{}) {
			t.Errorf("a login that is not listed: %v", login)
		}
		if !listed {
			return
		}
		// What is given out is kept for this host, or for a path of it.
		ours := slices.Collect(func(yield func(string) bool) {
			for key := range file.Auths {
				at, _, _ := strings.Cut(canonical(key), "/")
				if key == reg.Repo(path).String() || at == reg.RegistryStr() || key == reg.RegistryStr() {
					yield(key)
				}
			}
		})
		if !slices.ContainsFunc(ours, func(key string) bool { return cmp.Equal(file.Auths[key], login) }) {
			t.Errorf("the login of %q was given to %s", ours, reg)
		}
	})
}
