#!/usr/bin/env bash
# Fills a folder with the parsers of the renderers for which `oras discover` draws pictures: tests/renderers.sh FOLDER.
# Needs Node with npm, and Graphviz; where apt-get is there, what is missing comes from Debian.
set -euo pipefail

missing=""
command -v dot >/dev/null || missing="graphviz"
command -v npm >/dev/null || missing="$missing nodejs npm"
if [ -n "$missing" ] && command -v apt-get >/dev/null; then
  sudo=$([ "$(id -u)" = 0 ] || echo sudo)
  $sudo apt-get update -q
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qy $missing
fi

folder=${1:?the folder to fill}
mkdir -p "$folder"
cp "$(dirname "$0")/renderers/mermaid.mjs" "$folder"
[ -d "$folder/node_modules/mermaid" ] || npm install --prefix "$folder" --no-audit --no-fund --silent mermaid@12.3.0 jsdom@29.1.1
