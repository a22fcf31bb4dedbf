#!/usr/bin/env bash
# Installs the peers and the real registries that the parity tests run against:
#
#   tests/peers.sh DIR
#
# DIR gets
#   oras         1.3.6, whose words and bytes ours are compared with
#   regctl       another reader and writer of layouts and registries
#   crane        a third one
#   registry     distribution 3: tokens, no referrers API
#   olareg       referrers API, keeps OCI layouts
#   actionlint   reads the workflows
#   conformance  the program of the distribution-spec that examines a registry
# and, where apt-get is there, docker-registry (distribution 2.8), the shells zsh and fish, shellcheck,
# strace and gnome-keyring come from Debian.
# What is there already in the wanted version is left alone. Needs Go; takes a few minutes the first time.
set -euo pipefail

dir=${1:?usage: tests/peers.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
export GOBIN=$dir CGO_ENABLED=0

# get NAME PACKAGE@VERSION: which version is there stands in the program itself.
get() {
  go version -m "$dir/$1" 2>/dev/null | grep -qF "${2#*@}" || go install "$2"
}

get oras oras.land/oras/cmd/oras@v1.3.6
get regctl github.com/regclient/regclient/cmd/regctl@v0.11.7
get crane github.com/google/go-containerregistry/cmd/crane@v0.22.1
get registry github.com/distribution/distribution/v3/cmd/registry@v3.0.0
get actionlint github.com/rhysd/actionlint/cmd/actionlint@v1.7.8
get conformance github.com/opencontainers/distribution-spec/conformance@v0.0.0-20260831232431-97274622c111

# Through a module of our own: `go install` asks for the list of all versions, which not every proxy has.
if [ ! -x "$dir/olareg" ]; then
  module=$(mktemp -d)
  trap 'rm -rf "$module"' EXIT
  (
    cd "$module"
    export GOFLAGS=-mod=mod
    go mod init peers
    go get github.com/olareg/olareg/cmd/olareg@v0.2.2
    go build -o "$dir/olareg" github.com/olareg/olareg/cmd/olareg
  )
fi

# Scripts are read by shellcheck; the shells complete what `oras completion` writes for them; logins go into a real
# keyring; connections are seen by strace.
missing=$(for program in docker-registry zsh fish shellcheck strace; do command -v "$program" >/dev/null || echo "$program"; done)
command -v gnome-keyring-daemon >/dev/null || missing="$missing gnome-keyring"
command -v dbus-run-session >/dev/null || missing="$missing dbus-daemon"
if [ -n "$missing" ] && command -v apt-get >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -q
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qy $missing
fi
ls "$dir"
