#!/usr/bin/env bash
# Installs a built retrainctl; 'make install' calls it: install.sh PROGRAM BIN MAN BASH ZSH FISH SCHEMA EXAMPLE (paths).
#
# Builds nothing, so that root needs no compiler: the man page and the completions are what the program prints.
set -euo pipefail
[ $# -eq 8 ] || { sed -n '2,4s/^# //p' "$0" >&2; exit 64; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$1

# What a command prints becomes a file that everybody may read, and nothing where it fails.
printed() {
  local file=$1 kind=$2 text
  text=$("$program" completion "$kind")
  install -d "$(dirname "$file")"
  printf '%s\n' "$text" >"$file"
  chmod 644 "$file"
}

install -d "$(dirname "$2")"
install -m 755 "$program" "$2"
printed "$3" man
printed "$4" bash
printed "$5" zsh
printed "$6" fish
install -d "$(dirname "$7")"
install -m 644 Pipelines/pipeline.schema.json "$7"
install -m 644 Pipelines/quickstart.yaml "$8"
printf 'installed %s\n' "${@:2}"
