# What the three actions share. Sourced, never run.

# fail MESSAGE [STATUS]: an annotation, escaped as the runner unescapes it, and
# the end of the step. It goes to stderr, so that $(...) does not swallow it.
fail() {
  local text=${1//'%'/%25}
  text=${text//$'\r'/%0D}
  printf '::error title=Weighlock::%s\n' "${text//$'\n'/%0A}" >&2
  exit "${2:-2}"
}

# one_line INPUT VALUE: an output or a path of several lines could say what it
# was not asked for.
one_line() {
  case "$2" in *[[:cntrl:]]*) fail "input $1 holds a line break or another control character" ;; esac
}

# one_of INPUT VALUE KNOWN...
one_of() {
  local input=$1 value=$2 known
  shift 2
  for known in "$@"; do
    if [ "$value" = "$known" ]; then return 0; fi
  done
  fail "input $input is \"$value\", which is none of: $*"
}

# output NAME VALUE: for the steps that follow.
output() {
  one_line "$1" "$2"
  printf '%s=%s\n' "$1" "$2" >>"$GITHUB_OUTPUT"
}

# Without these the runner hears nothing of what is said here.
: "${GITHUB_OUTPUT:?is not set: these scripts run as steps of GitHub Actions}"
: "${RUNNER_TEMP:?is not set: these scripts run as steps of GitHub Actions}"
