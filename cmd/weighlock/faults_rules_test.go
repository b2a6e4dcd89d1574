//go:build faults

package main

import (
	"regexp"
	"slices"
	"time"

	"github.com/weighlock/weighlock/internal/artifact"
)

// Which requests a fault meets.

func every(c call) bool   { return c != door }
func whole(call) bool     { return true }
func writing(c call) bool { return c.writes() }
func reading(c call) bool { return c != door && !c.writes() }
func getting(c call) bool { return reading(c) && c != hasBlob && c != hasManifest }

func only(calls ...call) func(call) bool {
	return func(c call) bool { return slices.Contains(calls, c) }
}

// And which of them.

func always(int, int) bool         { return true }
func first(n, _ int) bool          { return n == 1 }
func midway(n, total int) bool     { return n == total/2+1 }
func fromMidway(n, total int) bool { return n > total/2 }
func butTheFirst(n, _ int) bool    { return n > 1 }
func thrice(n, total int) bool     { return n > total/2 && n <= total/2+3 }

// brief is the patience with what hangs: long beside what the registry in this
// process takes.
const brief = 500 * time.Millisecond

// faults are the columns of the matrix.
func faults() []fault {
	nowhere := listed{"mediaType": artifact.MediaTypeManifest, "digest": artifact.Digest([]byte("nowhere")), "size": 7, "artifactType": artifact.MediaTypeBundle, "annotations": map[string]string{artifact.AnnotationPredicateType: artifact.PredicateType("evaluation")}}
	list := only(referrers, getList)
	return []fault{
		{name: "401 at the door", on: only(door), when: always, do: status(401)},
		{name: "401", on: every, when: always, do: status(401)},
		{name: "401 once, midway", on: every, when: midway, do: status(401)},
		{name: "401 on writes", on: writing, when: always, do: status(401)},
		{name: "403", on: every, when: always, do: status(403)},
		{name: "403 once, midway", on: every, when: midway, do: status(403)},
		{name: "403 on writes", on: writing, when: always, do: status(403)},
		{name: "403 on tags", on: only(putTag), when: always, do: status(403)},
		{name: "404 at the door", on: only(door), when: always, do: status(404)},
		{name: "404", on: every, when: always, do: status(404)},
		{name: "404 on reads", on: reading, when: always, do: status(404)},
		{name: "404 once, first", on: every, when: first, do: status(404)},
		{name: "404 once, midway", on: every, when: midway, do: status(404)},
		{name: "404 on a GET, midway", on: getting, when: midway, do: status(404)},
		{name: "404 on blobs", on: only(getBlob), when: always, do: status(404)},
		{name: "404 on manifests", on: only(getManifest), when: always, do: status(404)},
		{name: "404 on a manifest, midway", on: only(getManifest), when: midway, do: status(404)},
		{name: "404 on tags", on: only(getTag), when: always, do: status(404)},
		{name: "404 on the list of tags", on: only(listTags), when: always, do: status(404)},
		{name: "404 on referrers", on: only(referrers), when: always, do: status(404)},
		{name: "404 on referrers, after the first", on: only(referrers), when: butTheFirst, do: status(404)},
		{name: "404 on a fallback list, once", on: only(getList), when: first, do: status(404)},
		{name: "404 on fallback lists", on: only(getList), when: always, do: status(404)},
		{name: "404 on writes", on: writing, when: always, do: status(404)},
		{name: "408 once", on: whole, when: midway, do: status(408)},
		{name: "408", on: every, when: always, do: status(408)},
		{name: "429 once", on: whole, when: midway, do: status(429, "Retry-After", "1")},
		{name: "429 at the door, once", on: only(door), when: first, do: status(429, "Retry-After", "1")},
		{name: "429", on: every, when: always, do: status(429)},
		{name: "429 for an hour", on: every, when: first, do: status(429, "Retry-After", "3600")},
		{name: "500 once", on: whole, when: midway, do: status(500)},
		{name: "500", on: every, when: always, do: status(500)},
		{name: "500 on a write, once", on: writing, when: midway, do: status(500)},
		{name: "500 on PUT", on: only(putBlob, putManifest, putTag, putList), when: always, do: status(500)},
		{name: "503 once, first", on: whole, when: first, do: status(503)},
		{name: "503 once, midway", on: every, when: midway, do: status(503)},
		{name: "503 thrice", on: every, when: thrice, do: status(503)},
		{name: "503 from midway", on: every, when: fromMidway, do: status(503)},
		{name: "503 on referrers", on: list, when: always, do: status(503)},
		{name: "503 on HEAD", on: only(hasBlob, hasManifest), when: always, do: status(503)},
		{name: "503 on POST", on: only(begin), when: always, do: status(503)},
		{name: "reset once, first", on: whole, when: first, do: reset},
		{name: "reset once, midway", on: every, when: midway, do: reset},
		{name: "reset", on: every, when: always, do: reset},
		{name: "reset from midway", on: every, when: fromMidway, do: reset},
		{name: "answer lost, once", on: writing, when: midway, do: lost},
		{name: "answer of a tag lost, once", on: only(putTag), when: midway, do: lost},
		{name: "answers lost", on: writing, when: always, do: lost},
		{name: "hangs once", on: every, when: midway, do: hang, patience: brief},
		{name: "hangs from midway", on: every, when: fromMidway, do: hang, patience: brief},
		{name: "hangs on a write, once", on: writing, when: midway, do: hang, patience: brief},
		{name: "cut, once", on: getting, when: midway, do: cut(true, false)},
		{name: "cut", on: getting, when: always, do: cut(true, false)},
		{name: "cut without length, once", on: getting, when: midway, do: cut(false, false)},
		{name: "cut without length", on: getting, when: always, do: cut(false, false)},
		{name: "ends early: blobs", on: only(getBlob), when: always, do: cut(false, true)},
		{name: "ends early: manifests", on: only(getManifest), when: always, do: cut(false, true)},
		{name: "ends early: tags", on: only(getTag), when: always, do: cut(false, true)},
		{name: "ends early: list of tags", on: only(listTags), when: always, do: cut(false, true)},
		{name: "ends early: referrers", on: list, when: always, do: cut(false, true)},
		{name: "corrupt: a blob", on: only(getBlob), when: midway, do: corrupt},
		{name: "corrupt: blobs", on: only(getBlob), when: always, do: corrupt},
		{name: "corrupt: manifests", on: only(getManifest), when: always, do: corrupt},
		{name: "corrupt: tags", on: only(getTag), when: always, do: corrupt},
		{name: "corrupt: list of tags", on: only(listTags), when: always, do: corrupt},
		{name: "corrupt: referrers", on: list, when: always, do: corrupt},
		{name: "corrupt: fallback lists, once", on: only(getList), when: midway, do: corrupt},
		{name: "answers mixed up: manifests", on: only(getManifest), when: always, do: swap},
		{name: "answers mixed up: blobs", on: only(getBlob), when: always, do: swap},
		{name: "answers mixed up: tags", on: only(getTag), when: always, do: swap},
		{name: "lists backwards", on: only(referrers, getList, listTags), when: always, do: backwards},
		{name: "stale: tags", on: only(getTag), when: always, do: older},
		{name: "stale: list of tags", on: only(listTags), when: always, do: older},
		{name: "stale: tags and their list", on: only(getTag, listTags), when: always, do: older},
		{name: "stale: referrers", on: list, when: always, do: older},
		{name: "stale: the tag before", on: only(getTag), when: always, do: before},
		{name: "no referrers", on: list, when: always, do: lie(none)},
		{name: "referrers but the first", on: list, when: always, do: lie(butFirst)},
		{name: "referrers but the verdict", on: list, when: always, do: lie(butPredicate("verdict"))},
		{name: "referrers but the evaluation", on: list, when: always, do: lie(butPredicate("evaluation"))},
		{name: "referrers but entries", on: list, when: always, do: lie(butPredicate("attempt"))},
		{name: "a referrer that is nowhere", on: list, when: always, do: lie(and(func(*proxy) listed { return nowhere }))},
		{name: "another image's referrer", on: list, when: always, do: lie(and(func(p *proxy) listed { return p.foreign }))},
		{name: "201 for nothing", on: only(putBlob, putManifest, putTag, putList), when: always, do: unkept},
		{name: "201 for nothing: a blob", on: only(putBlob), when: midway, do: unkept},
		{name: "201 for nothing: manifests", on: only(putManifest), when: always, do: unkept},
		{name: "201 for nothing: a manifest", on: only(putManifest), when: midway, do: unkept},
		{name: "201 for nothing: tags", on: only(putTag), when: always, do: unkept},
		{name: "201 for nothing: a tag", on: only(putTag), when: first, do: unkept},
		{name: "201 for nothing: the last tag", on: only(putTag), when: func(n, total int) bool { return n == total }, do: unkept},
		{name: "201 for nothing: fallback lists", on: only(putList), when: always, do: unkept},
	}
}

// rule says what must come of an operation under a fault. The tool is not
// asked: DESIGN section 13 says what an exit status stands for.
type rule struct {
	fault, op string // regular expressions over the whole of a name; empty: any
	exit      []int  // asEver or others
	other     bool   // ending as without the fault, it may say other things
	loses     bool   // with fallback lists, the registry itself gives away what it had
	final     bool   // a second run cannot end well, and says so
	why       string
}

// atTheDoor are the faults that are the same whatever registry is behind them;
// they are tried before the first.
var atTheDoor = regexp.MustCompile(`^(?:401|403|408|429|500).*|503 on (?:HEAD|POST)|reset|answers lost|hangs on.*|cut.*|.* at the door|corrupt: (?:a blob|blobs|tags)|ends early: (?:blobs|tags)$`)

// asEver stands for the exit status without a fault.
const asEver = -1

func (r rule) exits(o operation) []int {
	all := slices.Clone(r.exit)
	for i, e := range all {
		if e == asEver {
			all[i] = o.want
		}
	}
	return all
}

const (
	judges  = `gate REF.*|sign`
	readers = `gate.*|verify|show|ls|pull.*|sign|copy (?:to a layout|one version|in the registry)`
	copies  = `copy (?:to a layout|one version|in the registry)`
	lies    = `no referrers|referrers but .*|stale: referrers|a referrer that is nowhere`
	hidden  = `404 on (?:referrers|a fallback list, once|fallback lists)|stale: referrers|no referrers|referrers but .*|corrupt: referrers`
)

// rules are asked from the top.
var rules = []rule{
	// Who is not let in.
	{fault: `401 at the door`, exit: []int{5, asEver}, why: "a door may ask for a login that is not needed"},
	{fault: `40[13].*`, op: `doctor`, exit: []int{1}, why: "a shut door is found, and is no fault of the network"},
	{fault: `40[13] once, midway`, op: `copy in the registry`, exit: []int{5, asEver}, why: "a blob that may not be taken over is sent"},
	{fault: `40[13].*`, exit: []int{5}, why: "nobody can say what is behind a shut door"},

	// What is not there.
	{fault: `404 at the door`, exit: []int{5}, why: "what has no door is no registry"},
	{fault: `404(| on reads| on the list of tags)`, op: `gate FOLDER|doctor`, exit: []int{asEver, 5}, other: true, why: "a repository that is not there is one without a publish"},
	{fault: `404 once, first|404 (?:once|on a GET), midway`, op: `doctor`, exit: []int{asEver, 5}, other: true, why: "a repository that is not there is one without a publish"},
	{fault: `404|404 on reads`, op: readers, exit: []int{1}, why: "what is asked for is not there"},
	{fault: `404|404 on (?:reads|writes)`, exit: []int{1, 5}, why: "nothing can be stored"},
	{fault: `404 once, first`, op: `gate FOLDER`, exit: []int{asEver, 5, 6}, why: "one absence may be none that matters"},
	{fault: `404 once, first`, op: `publish.*|push|copy from a layout|doctor`, exit: []int{asEver, 1, 5, 6}, other: true, why: "one absence may be none that matters"},
	{fault: `404 on tags`, op: `gate REF, denied|gate FOLDER|publish.*|copy from a layout`, exit: []int{5, 6}, why: "entries are listed that are not there"},
	{fault: `404 on the list of tags`, op: `publish, the first|copy from a layout`, exit: []int{asEver}, why: "a repository without tags may answer so"},
	{fault: `404 on the list of tags`, op: `publish.*|gate REF.*|gate --replay|verify|show|sign`, exit: []int{5}, why: "without the list, an entry behind a gap is not seen"},
	{fault: `404 on referrers, after the first`, exit: []int{5, asEver}, why: "an API that was there is not gone a moment later"},
	{fault: `404 on (?:blobs|manifests)`, exit: []int{1, 6}, why: "what is named by digest is gone"},
	{fault: `404 (?:once|on a GET|on a manifest), midway|404 once, first`, op: `gate REF, denied`, exit: []int{asEver, 1, 4, 5, 6}, other: true, why: "what is missing does not help"},
	{fault: `404 (?:once|on a GET|on a manifest), midway|404 once, first`, op: judges, exit: []int{asEver, 1, 4, 5, 6}, why: "what is missing is missing"},
	{fault: `404 (?:once|on a GET|on a manifest), midway`, op: `gate --replay`, exit: []int{asEver, 1, 2, 5, 6}, why: "what is missing is missing"},
	{fault: `404 (?:once|on a GET|on a manifest), midway`, op: `show|ls`, exit: []int{asEver, 1, 5, 6}, other: true, why: "what is missing is shown as missing"},
	{fault: `404 (?:once|on a GET|on a manifest), midway`, exit: []int{asEver, 1, 5, 6}, why: "what is missing is missing"},
	{fault: `404 once, first|404 on tags|404 on the list of tags`, exit: []int{1}, why: "what is asked for is not there"},

	// What is kept back, or invented.
	{fault: lies, op: `sign|publish again`, exit: []int{asEver, 1, 3, 4, 5, 6}, other: true, loses: true, why: "who keeps the lists of referrers can throw them away"},
	{fault: hidden + `|a referrer that is nowhere`, op: `gate REF, denied`, exit: []int{asEver, 4, 5, 6}, other: true, why: "what is missing does not help"},
	{fault: hidden + `|a referrer that is nowhere`, op: judges, exit: []int{asEver, 3, 4, 5, 6}, why: "what is missing is missing"},
	{fault: hidden + `|a referrer that is nowhere`, op: `gate --replay`, exit: []int{asEver, 1, 2, 5, 6}, why: "without the verdict there is none to replay"},
	{fault: `referrers but .*|corrupt: referrers`, op: `verify`, exit: []int{asEver, 5, 6}, other: true, why: "verify looks at what is attached"},
	{fault: hidden + `|a referrer that is nowhere`, op: `verify`, exit: []int{asEver, 5, 6}, why: "an image without the gate's signature is refused"},
	{fault: hidden + `|a referrer that is nowhere`, op: `show|ls`, exit: []int{asEver, 5, 6}, other: true, why: "what is not listed is not shown"},
	{fault: `a referrer that is nowhere`, op: copies, exit: []int{asEver, 1, 5, 6}, other: true, why: "a registry may refuse a list that names what it does not have"},
	{fault: hidden, op: copies, exit: []int{asEver, 5, 6}, other: true, why: "what is not listed is not copied, and the gate misses it there"},
	{fault: hidden, exit: []int{asEver, 5, 6}, why: "publishing rests on tags"},
	{fault: `a referrer that is nowhere`, exit: []int{asEver, 1, 5, 6}, why: "publishing rests on tags"},
	{fault: `another image's referrer`, op: `publish.*|copy.*`, exit: []int{asEver, 1}, other: true, why: "a registry may refuse a list that names what it does not have"},
	{fault: `another image's referrer`, exit: []int{asEver}, other: true, why: "what is about another image is set aside"},
	{fault: `lists backwards`, exit: []int{asEver}, why: "lists have no order"},

	// What passes.
	{fault: `corrupt: fallback lists, once`, exit: []int{asEver, 6}, why: "it has not the digest by which it is named"},
	{fault: `.* once(?:, .*)?|.*, once|503 thrice`, exit: []int{asEver}, why: "a fault that passes is tried again"},

	// What lasts.
	{fault: `(?:408|429|500|503|reset|answers? lost|hangs|cut).*`, exit: []int{5}, why: "a network fault is never a verdict"},

	// What is not what it should be.
	{fault: `ends early: list of tags`, op: `copy from a layout|publish, the first`, exit: []int{asEver, 5}, why: "that there is none is said by the status"},
	{fault: `ends early: list of tags`, exit: []int{5}, why: "half a list is none"},
	{fault: `ends early: referrers`, exit: []int{5, 6}, why: "half a list is none"},
	{fault: `corrupt: a blob`, op: `pull.*`, exit: []int{asEver, 6}, why: "a part that does not fit is looked for in the whole"},
	{fault: `ends early: .*|corrupt: (?:a blob|blobs|manifests|tags)`, exit: []int{6}, why: "it has not the digest by which it is named"},
	{fault: `corrupt: list of tags`, op: `ls|` + copies, exit: []int{asEver, 1, 5, 6}, other: true, why: "a list of tags has no digest"},
	{fault: `corrupt: list of tags`, exit: []int{asEver, 5, 6}, why: "a list of tags has no digest, and entries are found without it"},
	{fault: `answers mixed up: tags`, op: copies, exit: []int{2, 5, 6}, why: "the entries do not follow each other"},
	{fault: `answers mixed up: .*`, exit: []int{asEver, 5, 6}, why: "it has not the digest by which it is named, or does not belong there"},

	// What is out of date.
	{fault: `stale: tags(?: and their list)?`, op: `publish, the first|copy from a layout`, exit: []int{5}, why: "what was written is not there"},
	{fault: `stale: the tag before`, op: `publish, the first`, exit: []int{asEver}, why: "the first of all has none before it"},
	{fault: `stale: tags|stale: tags and their list`, op: `gate REF, denied|gate FOLDER|publish.*`, exit: []int{6}, why: "later entries are listed, or follow"},
	{fault: `stale: (?:list of tags|tags and their list)`, op: `copy one version`, exit: []int{1, 2}, why: "the version is not there"},
	{fault: `stale: (?:list of tags|tags and their list)`, op: `ls|doctor|copy .*`, exit: []int{asEver, 5, 6}, other: true, why: "an older list is a list"},
	{fault: `stale: tags`, op: `ls`, exit: []int{1, 6}, why: "what is listed is not there"},
	{fault: `stale: tags(?: and their list)?`, exit: []int{1}, why: "the version is not there"},
	{fault: `stale: list of tags`, exit: []int{asEver}, why: "entries are found without it"},
	{fault: `stale: the tag before`, op: `pull.*`, exit: []int{asEver}, other: true, final: true, why: "pull believes tags, says which digest it fetched, and overwrites nothing"},
	{fault: `stale: the tag before`, op: `publish again`, exit: []int{2, 6}, why: "versions never move"},
	{fault: `stale: the tag before`, op: `copy from a layout`, exit: []int{1, 5, 6}, why: "the tag that was written is another"},
	{fault: `stale: the tag before`, exit: []int{6}, why: "the tag leads elsewhere than what was signed"},

	// What is promised and not done.
	{fault: `201 for nothing: (?:a manifest|a tag|the last tag)`, exit: []int{asEver, 5}, why: "it is noticed, unless it was there before"},
	{fault: `201 for nothing.*`, exit: []int{5}, why: "what is taken must be there"},
}

func ruleFor(o operation, f *fault) rule {
	for _, r := range rules {
		if matches(r.fault, f.name) && matches(r.op, o.name) {
			return r
		}
	}
	return rule{why: "no rule says so"}
}

func matches(pattern, name string) bool {
	return pattern == "" || regexp.MustCompile(`^(?:`+pattern+`)$`).MatchString(name)
}
