#!/usr/bin/env bash
# Puts one weighlock on the PATH of the steps that follow: a release whose
# digest was known beforehand, a build of a source tree, or, only when asked
# for, the one that is there. Anything else ends the step.
set -euo pipefail
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=actions/common.sh
. "$here/../common.sh"

# platform prints OS/ARCH as Go names them.
platform() {
  local os arch
  case "$(uname -s)" in
  Linux) os=linux ;;
  Darwin) os=darwin ;;
  *) fail "there is no weighlock for $(uname -s)"$'\nhint: Linux and macOS runners have one' ;;
  esac
  case "$(uname -m)" in
  x86_64 | amd64) arch=amd64 ;;
  aarch64 | arm64) arch=arm64 ;;
  *) fail "there is no weighlock for $(uname -m)"$'\nhint: amd64 and arm64 runners have one' ;;
  esac
  echo "$os/$arch"
}

# known VERSION PLATFORM prints the digest that the table or the workflow
# gives; where both do, they must agree.
known() {
  local listed
  listed=$(awk -v v="$1" -v p="$2" '$1 == v && $2 == p { print $3 }' "$here/releases.txt")
  if [ -n "$listed" ] && [ -n "$IN_SHA256" ] && [ "$listed" != "$IN_SHA256" ]; then
    fail "input sha256 is not the digest of weighlock $1 for $2, which is $listed" 6
  fi
  if [ -z "$listed$IN_SHA256" ]; then
    fail "weighlock $1 for $2 is not in the table of releases"$'\nhint: use a newer commit of this action, or give the binary\'s digest as input sha256'
  fi
  listed=${listed:-$IN_SHA256}
  if ! [[ $listed =~ ^[0-9a-f]{64}$ ]]; then fail "\"$listed\" is no SHA-256: 64 lower-case hexadecimal digits"; fi
  echo "$listed"
}

digest() {
  if command -v sha256sum >/dev/null; then sha256sum <"$1"; else shasum -a 256 <"$1"; fi | cut -d' ' -f1
}

download() {
  local version=${IN_VERSION#v} target want got url protocol='=https'
  if ! [[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]]; then
    fail "input version is \"$IN_VERSION\""$'\nhint: one exact version, such as 1.4.0; latest is none'
  fi
  target=$(platform)
  want=$(known "$version" "$target")
  case "$IN_MIRROR" in
  https://*) ;;
  http://127.0.0.1:*) protocol='=http' ;;
  *) fail "input mirror is \"$IN_MIRROR\""$'\nhint: it begins with https://' ;;
  esac
  url="${IN_MIRROR%/}/v$version/weighlock-${target%/*}-${target#*/}"
  curl --fail --silent --show-error --location --proto "$protocol" --proto-redir "$protocol" \
    --retry 3 --max-time 600 --output "$bin/download" -- "$url" ||
    fail "$url could not be fetched"$'\nhint: nothing was installed; run it again once the address answers' 5
  got=$(digest "$bin/download")
  if [ "$got" != "$want" ]; then
    rm -f -- "$bin/download"
    fail "$url has digest $got, and weighlock $version for $target has $want: nothing was installed" 6
  fi
  chmod 755 "$bin/download"
  mv -- "$bin/download" "$bin/weighlock"
}

build() {
  local source=$IN_BUILD_FROM
  if [ "$source" = action ]; then source=$here/../..; fi
  if ! grep -qsx 'module github.com/weighlock/weighlock' "$source/go.mod"; then
    fail "input build-from is \"$IN_BUILD_FROM\", where Weighlock's source is not"
  fi
  command -v go >/dev/null || fail $'there is no Go on the PATH to build weighlock with\nhint: put actions/setup-go before this step'
  (cd -- "$source" && CGO_ENABLED=0 go build -o "$bin/weighlock" ./cmd/weighlock) || fail 'weighlock could not be built' 1
}

# present takes the weighlock that is on the PATH. One in the workspace came
# with the change that is to be judged.
present() {
  local found
  found=$(type -P weighlock) || fail $'input use-path is true, and there is no weighlock on the PATH'
  bin=$(cd -- "$(dirname -- "$found")" && pwd -P)
  case "$bin/" in
  "$(cd -- "${GITHUB_WORKSPACE:-/nonexistent}" 2>/dev/null && pwd -P || echo /nonexistent)"/*)
    fail "the weighlock on the PATH lies in the workspace, where the change that is judged could have put it: $bin" 6
    ;;
  esac
}

for pair in "version=$IN_VERSION" "sha256=$IN_SHA256" "mirror=$IN_MIRROR" "build-from=$IN_BUILD_FROM" "use-path=$IN_USE_PATH"; do
  one_line "${pair%%=*}" "${pair#*=}"
done
one_of use-path "$IN_USE_PATH" true false
ways="${IN_VERSION:+v}${IN_BUILD_FROM:+b}"
if [ "$IN_USE_PATH" = true ]; then ways+=p; fi
bin=$(mktemp -d "$RUNNER_TEMP/weighlock-bin-XXXXXX")
case "$ways" in
v) download ;;
b) build ;;
p) present ;;
*) fail $'give one of the inputs version, build-from and use-path, and only one' ;;
esac
version=$("$bin/weighlock" version) || fail "$bin/weighlock does not run here" 1
case "$version" in
'weighlock '*) version=${version#weighlock } ;;
*) fail "$bin/weighlock is no weighlock: it calls itself \"$version\"" 1 ;;
esac
printf '%s\n' "$bin" >>"$GITHUB_PATH"
output path "$bin/weighlock"
output version "$version"
echo "weighlock $version is at $bin/weighlock"
