package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/weighlock/weighlock/internal/modelfile"
	"github.com/weighlock/weighlock/internal/policy"
	"github.com/weighlock/weighlock/internal/query"
	"github.com/weighlock/weighlock/internal/report"
	"github.com/weighlock/weighlock/policies"
)

// topic is a page of help that belongs to no command. What can be told from
// the code is, when it is asked for.
type topic struct {
	name, short string
	text        func() (string, error)
}

func topics() []topic {
	fixed := func(text string) func() (string, error) { return func() (string, error) { return text, nil } }
	return []topic{
		{"exit-codes", "What each exit status stands for, and what to do", fixed(exitCodes)},
		{"environment", "The environment variables that are read", fixed(environment)},
		{"formats", "Forms of reports, --json, jq and templates, files that can be read", formats},
		{"levels", "What start, release and regulated ask for", levels},
		{"scorer", "What predictions.command must do, and how it is rescored", fixed(scorerTopic)},
		{"labels", "Labels that say too little, and what other decisions would bring", fixed(labelsTopic)},
		{"trust", "Whom a verdict believes: keys, roles, time", fixed(trust)},
	}
}

// topicCommands are cobra's additional help topics: weighlock help NAME.
func (a *app) topicCommands() []*cobra.Command {
	var list []*cobra.Command
	for _, t := range topics() {
		c := &cobra.Command{Use: t.name, Short: t.short}
		show := func() error {
			text, err := t.text()
			if err != nil {
				return err
			}
			_, err = fmt.Fprint(a.env.Out, text)
			return err
		}
		c.SetHelpFunc(func(*cobra.Command, []string) {
			if err := show(); err != nil {
				fmt.Fprintln(a.env.Err, "weighlock: "+advised(err))
				a.exit = exitStatus(err)
			}
		})
		c.SetUsageFunc(func(*cobra.Command) error { return show() })
		list = append(list, c)
	}
	return list
}

const exitCodes = `The exit status says how a command ended; a script needs nothing else.
` + exitTable + `
  1  Nothing was decided, and that is never a pass. The message names the file or the fault.
  2  The command line, the project file or the verifier file: the message names the place, and
     running it again without a change ends the same.
  3  A rule failed. The report says which, by how much, and what to do.
  4  No rule failed, but one had too little to go by: too few rows, a statement that is not
     there, an order that nobody vouches for. Not a pass.
  5  Nobody answered, or refused to. Nothing counts until it is done; run it again.
  6  Bytes are not what their digest says, a signature does not hold, a pinned file was changed,
     or the password is wrong. Running it again does not help.
  8  Kept for rollouts: there is nothing to do yet.

In mode observe 3 and 4 become 0, and the report says what would have been refused. 1, 2, 5 and 6
stay. weighlock run ends with the status of the command that it ran. weighlock doctor ends with
1 where a check failed, and with 5 where nothing but the network did.
`

const environment = `Flags come before variables, variables before the configuration folder.

Whom to believe, and as whom to sign:
  WEIGHLOCK_VERIFIER        the verifier file; set and empty is refused
  WEIGHLOCK_KEY             the private key file
  WEIGHLOCK_PASSWORD        the private key's password
  COSIGN_PASSWORD           the same, where WEIGHLOCK_PASSWORD is not set
  WEIGHLOCK_PASSWORD_FILE   a file that holds it, where neither is set; else a terminal is asked
  WEIGHLOCK_ID_KEY          the key under which row ids are stored
  WEIGHLOCK_TSA             address of an RFC 3161 timestamp authority
  WEIGHLOCK_CONFIG          folder of the four files that keygen writes
  XDG_CONFIG_HOME, HOME     where that folder is, where WEIGHLOCK_CONFIG is not set:
                            $XDG_CONFIG_HOME/weighlock, else $HOME/.config/weighlock

How it behaves:
  NO_COLOR                  set to anything: no colour, and bars are drawn in ASCII
  TERM                      dumb stands for the same
  LC_ALL, LC_CTYPE, LANG    a locale that is not one of UTF-8: bars are drawn in ASCII
  SOURCE_DATE_EPOCH         the image's time of creation, in seconds; it never sets a verdict's
  WEIGHLOCK_HOOK_DEADLINE   how long a push waits for weighlock hook run, such as 5s

Registries (logins are those of docker login or podman login; the first that knows the host):
  DOCKER_AUTH_CONFIG        what a config.json of docker would hold, as CI systems set it
  DOCKER_CONFIG             folder with docker's config.json, in place of $HOME/.docker
  REGISTRY_AUTH_FILE        podman's auth file
  XDG_RUNTIME_DIR           where podman keeps it otherwise, after $HOME/.docker
  WEIGHLOCK_CA              PEM file with the certificate of a CA of your own, believed beside the
                            system's, by registries' and timestamp authorities' servers
  SSL_CERT_FILE, SSL_CERT_DIR   the system's certificates, where they are not in the usual place
  HTTPS_PROXY, HTTP_PROXY, NO_PROXY   a proxy, for registries and timestamp authorities

What weighlock run writes into the lineage, where it is set:
  WEIGHLOCK_IMAGE           the container image of the run, with its digest
  CI_JOB_IMAGE, CONTAINER_IMAGE, KUBERNETES_CONTAINER_IMAGE   the same, where they name a digest
  CONDA_PREFIX              packages are then listed by conda
  MLFLOW_RUN_ID, WANDB_RUN_ID   the tracker's run
  GITHUB_EVENT_NAME, GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID   what started it
  CI_PIPELINE_SOURCE, CI_JOB_URL, CI, BUILD_URL   the same on GitLab, Jenkins and others
  PATH                      where the command is looked for

  WEIGHLOCK_PASSWORD, WEIGHLOCK_PASSWORD_FILE, COSIGN_PASSWORD, WEIGHLOCK_KEY and
  WEIGHLOCK_ID_KEY are kept from every command that is run.

What predictions.command is told, beside the few variables that weighlock help scorer names:
  WEIGHLOCK_ROWS            a file with the rows that it also gets on standard input

What weighlock hook run is told:
  PRE_COMMIT, PRE_COMMIT_LOCAL_BRANCH, PRE_COMMIT_REMOTE_BRANCH, PRE_COMMIT_FROM_REF, PRE_COMMIT_TO_REF, PRE_COMMIT_REMOTE_NAME
                            by the pre-commit framework, in place of git's lines
  GIT_DIR, GIT_WORK_TREE    by git: the repository that is pushed from

Memory:
  GOGC, GOMEMLIMIT          as for every Go program; where neither is set, about 32 MiB
                            or a twelfth is kept beyond what is in use
`

// formOf says what each form of a report is for.
var formOf = map[string]string{
	"terminal":       "for a person; what it is without --output",
	"concise":        "a line for each check to look at, as FILE:LINE",
	"json":           "everything; its schema is schema/predicate/verdict/v1",
	"markdown":       "for a pull request or a page",
	"github":         "annotations on the project file's lines in a pull request",
	"github-summary": "Markdown for the file that GITHUB_STEP_SUMMARY names",
	"gitlab":         "GitLab Code Quality",
	"junit":          "JUnit XML, which every CI system reads",
	"sarif":          "SARIF 2.1.0 for code scanning",
	"html":           "one page that needs nothing else",
}

func formats() (string, error) {
	var s strings.Builder
	s.WriteString("Reports: --output FORM, or --output FORM=FILE, again for each form. FORM is one of\n\n")
	t := tabwriter.NewWriter(&s, 0, 4, 2, ' ', 0)
	for _, name := range report.Names() {
		fmt.Fprintf(t, "  %s\t%s\n", name, formOf[name])
	}
	t.Flush()
	s.WriteString(`
Answers: show, ls, verify, evaluate, diff, spec, explain and doctor take

  --json FIELDS        these fields, separated by commas, or all; alone it lists them
  --jq EXPRESSION      what jq makes of the JSON: texts as they are, all else as JSON, a line each
  --template TEMPLATE  what a Go template makes of it; without --json, both see all fields

  weighlock ls ghcr.io/acme/card --json version,verdict --jq '.[] | select(.verdict == "allow").version'
  weighlock evaluate --template '{{range .evaluation.results}}{{row .item .value}}{{end}}'

Of evaluate, evaluation and datacheck have the schemas of the predicates that publish signs:
schema/predicate/evaluation/v1 and schema/predicate/datacheck/v1. diff reads the first again.

A template has Go's own functions, and

`)
	for _, h := range query.Helpers() {
		fmt.Fprintf(t, "  %s\t%s\n", h[0], h[1])
	}
	t.Flush()
	fmt.Fprintf(&s, `
Model files that can be read to their end, told by their bytes and not by their names:

  %s

Which of them may pass is the policy's parameter allowed_formats, or formats in the verifier file.
A pickle or joblib file passes only where every object in it is on an allowlist.
A pointer of Git LFS or DVC is not the file, and text is none whose name promises a binary format
(.joblib, .onnx, .bin and the like): neither passes. What files say of others must be there:
the shards of a *.index.json with their tensors, the parts of a set (name-00001-of-00100), what an
MLmodel loads, and the base model of an adapter_config.json, which the project pins under base.

Tables, told by their suffix: .csv (commas, a header, UTF-8); .jsonl or .ndjson (one object per
line); .parquet; .arrow, .feather, .ipc or .arrows (Arrow IPC, as a file or as a stream).
Several files are one table where a project file, or evaluate, names them by a pattern: a name with
*, ? or [ (test/part-*.parquet; * stands for no slash, [a-c] for one letter, [[] for a bracket). All
must have the same columns; rows follow each other in byte order of the files' paths.
The sha256 of a file is that of its bytes. That of a pattern is of its files' names and digests,
however many there are: a file added, taken away, renamed or changed makes it another set, and a set
of one file is never that file. weighlock pin writes it; in the folder that the pattern fixes,
  { printf '\377files\n'; sha256sum part-*.parquet; } | sha256sum
says the same, under LC_ALL=C and where the names are plain.
Project files: weighlock.yaml, weighlock.yml, weighlock.json or weighlock.cue.
References: HOST/PATH:VERSION, HOST/PATH@sha256:DIGEST, and oci:FOLDER:VERSION for an OCI image
layout on disk.
`, strings.Join(modelfile.Formats(), ", "))
	return s.String(), nil
}

// levels is the table of what each level asks of each rule, from the policy.
func levels() (string, error) {
	b, err := policy.Load(policies.FS)
	if err != nil {
		return "", err
	}
	names, asked := b.Levels(), map[string]policy.Level{}
	for _, name := range names {
		if asked[name], err = b.Level(name); err != nil {
			return "", err
		}
	}
	slices.SortStableFunc(names, func(x, y string) int { return cmp.Compare(required(asked[x]), required(asked[y])) })
	var s strings.Builder
	s.WriteString("A level is a named set of rules. Each asks for what the one before it does, and more.\n\n")
	t := tabwriter.NewWriter(&s, 0, 4, 2, ' ', 0)
	for _, name := range names {
		fmt.Fprintf(t, "  %s\t%s\n", name, asked[name].Title)
	}
	fmt.Fprintf(t, "\n  RULE\t%s\n", strings.ToUpper(strings.Join(names, "\t")))
	for _, r := range b.Rules() {
		row := []string{"  " + r.ID}
		for _, name := range names {
			row = append(row, cmp.Or(string(asked[name].Rules[r.ID].When), "-"))
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	t.Flush()
	s.WriteString(`
required: asked always. declared: asked where the project file declares what it judges; where it
does not, the check says so and does not apply. published: asked once the model lies in a registry.

The level is the strictest that anybody asks for: level: in the project file, level: in the
verifier file, or --level. Nobody can lower what another asks for.
weighlock explain RULE says what a rule wants, and why.
`)
	return s.String(), nil
}

func required(l policy.Level) int {
	n := 0
	for _, asked := range l.Rules {
		n++
		if asked.When == policy.Required {
			n++
		}
	}
	return n
}

const trust = `The verifier file says whom to believe. It lies outside every project that it judges, because
whoever can write it can let any model pass; inside the project or its work tree it is refused.
Without one a verdict is self-declared: the project's own word, which lets nothing into production.
weighlock keygen writes a first one, and weighlock doctor checks it.

  name, level      whose file it is, and the least level that it asks for
  keys             public keys, each with a name, roles, and perhaps models, since and until
  timestamp        timestamp authorities whose time is trusted
  claimed_time     true where order may rest on the builder's own clock
  channels         for each channel the champion, which a candidate is compared with
  formats, least   which model files may pass, and what every spec must limit
  parameters       values that rules read
  mode             observe shows what would be refused, and lets it pass
  allow_days       how long an allow holds; 30 unless given

A statement counts where its signature holds and its key had, when it signed, a role that may:

  builder    spec, run, lineage, predictions
  evaluator  evaluation, datacheck, profile, skew, drift
  gate       verdict, vsa, sign, attempt, withdrawal
  approver   approval, withdrawal
  waiver     waiver
  rollout    rollout
  monitor    incident, profile, skew, drift
  policy     nothing by itself; any role may sign record and acknowledgement

What is signed by nobody in the file is ignored, and listed. Where one key holds several roles the
verdict says single-signer; level regulated asks for different keys.

Time is trusted where a timestamp authority of the verifier file vouches for it (--tsa, or
WEIGHLOCK_TSA, when signing), and claimed otherwise. That a spec was signed before its training is
proved by trusted time; by claimed time only where the verifier file says claimed_time: true.

What it rests on: digests name bytes, signatures name keys, and the attempts of a repository are a
signed chain from which nothing can be left out unseen. What it does not stop: a builder who trains
on the test labels, and signs that it was otherwise. Who holds that key is what the word is worth.
`
