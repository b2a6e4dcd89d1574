#!/usr/bin/env bash
# judge.sh gate|publish: runs the command by the inputs in IN_*, writes what
# the runner shows (log, annotations, summary), and hands the verdict on. The
# binary decides; here it is only checked that it did: a verdict without a
# report, a report without a verdict and a status that says otherwise all end
# the step as failed, and leave no output behind.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=actions/common.sh
. "$here/common.sh"

command=$1
subject=$2 # the folder or reference, or for publish the reference
one_line subject "$subject"
[ -n "$subject" ] || fail "there is nothing to $command: its input is empty"
for name in VERIFIER REPOSITORY FOLDER TSA MODE LEVEL; do
  value=IN_$name
  one_line "$name" "${!value:-}"
done
one_of mode "$IN_MODE" project enforce
one_of level "$IN_LEVEL" '' start release regulated
type -P weighlock >/dev/null || fail $'there is no weighlock on the PATH\nhint: put weighlock/weighlock/actions/setup before this step' 1

# Only this run writes here, so that no report of another can be taken for it.
reports=$(mktemp -d "$RUNNER_TEMP/weighlock-reports-XXXXXX")
secrets=
trap 'if [ -n "$secrets" ]; then rm -rf -- "$secrets"; fi' EXIT

# secret OPTION VALUE: the binary reads keys from files only.
secret() {
  if [ -z "$2" ]; then return 0; fi
  if [ -z "$secrets" ]; then secrets=$(mktemp -d "$RUNNER_TEMP/weighlock-keys-XXXXXX"); fi
  (umask 077 && printf '%s\n' "$2" >"$secrets/${1#--}")
  words+=("$1" "$secrets/${1#--}")
}

words=("$command")
if [ -n "$IN_LEVEL" ]; then words+=(--level "$IN_LEVEL"); fi
if [ -n "$IN_VERIFIER" ]; then words+=(--verifier "$IN_VERIFIER"); fi
if [ -n "${IN_REPOSITORY:-}" ]; then words+=(--repository "$IN_REPOSITORY"); fi
if [ -n "${IN_FOLDER:-}" ]; then words+=(--dir "$IN_FOLDER"); fi
if [ -n "${IN_TSA:-}" ]; then words+=(--tsa "$IN_TSA"); fi
secret --key "${IN_KEY:-}"
secret --id-key "${IN_ID_KEY:-}"
if [ -n "${IN_PASSWORD:-}" ]; then export WEIGHLOCK_PASSWORD=$IN_PASSWORD; fi
unset IN_KEY IN_ID_KEY IN_PASSWORD
words+=(--output terminal)
for form in github=github.txt github-summary=summary.md \
  json=weighlock.json sarif=weighlock.sarif junit=weighlock.xml markdown=weighlock.md html=weighlock.html; do
  words+=(--output "${form%%=*}=$reports/${form#*=}")
done

# Names in data and projects are shown in the log; none may speak to the
# runner, so it is told to listen for nothing until a word that nobody knows.
word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
[ "${#word}" -eq 32 ] || fail 'no random bytes could be read' 1
status=0
printf '::stop-commands::%s\n' "$word"
weighlock "${words[@]}" -- "$subject" 2>&1 || status=$?
printf '\n::%s::\n' "$word"

# field INDENT NAME PATTERN: a value of the JSON report, which is indented, one
# field a line, and holds no line break within a text.
field() {
  if [ ! -f "$reports/weighlock.json" ]; then return 0; fi
  sed -n "s/^$1\"$2\": \"\\($3\\)\",\\{0,1\\}\$/\\1/p" "$reports/weighlock.json" | head -n 1
}
verdict=$(field '  ' outcome '[a-z]*')
digest=$(field '    ' digest 'sha256:[0-9a-f]\{64\}')
mode=$(field '  ' mode '[a-z]*')
case "$status $verdict $mode" in
'0 allow enforce' | '0 allow observe' | '0 deny observe' | '0 undecided observe') ;;
'3 deny enforce' | '4 undecided enforce' | '1 error enforce' | '1 error observe') ;;
*)
  if [ "$status" -eq 0 ]; then status=1; fi
  fail "weighlock $command ended with status $status and ${verdict:-no} verdict: nothing is known of the model"$'\nhint: the reason stands in this step\'s log' "$status"
  ;;
esac
[ -n "$digest" ] || fail 'the report names no model digest: nothing is known of the model' 1
for name in github.txt summary.md weighlock.json weighlock.sarif weighlock.xml weighlock.md weighlock.html; do
  [ -s "$reports/$name" ] || fail "the report $name was not written" 1
done

cat -- "$reports/github.txt"
cat -- "$reports/summary.md" >>"${GITHUB_STEP_SUMMARY:?is not set}"
if [ "$IN_MODE" = enforce ] && [ "$mode" = observe ]; then
  case "$verdict" in
  deny) status=3 ;;
  undecided) status=4 ;;
  esac
  if [ "$status" -ne 0 ]; then
    printf '::error title=Weighlock::the verdict is %s; mode observe would let it pass, and this workflow enforces\n' "$verdict"
  fi
fi
output verdict "$verdict"
output digest "$digest"
output exit-code "$status"
if [ "$command" = publish ]; then output image "${subject%:*}@$digest"; fi
output reports "$reports"
output json "$reports/weighlock.json"
output sarif "$reports/weighlock.sarif"
output junit "$reports/weighlock.xml"
output markdown "$reports/weighlock.md"
output html "$reports/weighlock.html"
exit "$status"
