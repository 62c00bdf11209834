#!/usr/bin/env bash
# Installs the system packages that the build and a local run need, and only those that are missing.
#
# With everything there it does nothing and asks no network. On Debian and Ubuntu it uses apt-get, as root or through
# sudo; elsewhere, and where neither is to be had, it prints what is missing and stops with 69.
set -euo pipefail

# pkg-config module (or program) → Debian package
declare -A modules=(
  [libpq]=libpq-dev [rdkafka]=librdkafka-dev [simdjson]=libsimdjson-dev [yaml-0.1]=libyaml-dev
  [libmicrohttpd]=libmicrohttpd-dev [libcurl]=libcurl4-gnutls-dev [gnutls]=libgnutls28-dev [libzstd]=libzstd-dev
  [zlib]=zlib1g-dev
)

# initdb makes the private cluster; Debian keeps it off the PATH.
has_initdb() {
  local program
  for program in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb; do [ -x "$program" ] && return 0; done
  command -v initdb >/dev/null
}

missing_packages() {
  local module
  if ! command -v pkg-config >/dev/null; then
    echo pkg-config
    # Without it nothing can be asked; apt-get leaves alone what is there.
    printf '%s\n' "${modules[@]}"
  else
    for module in "${!modules[@]}"; do pkg-config --exists "$module" || echo "${modules[$module]}"; done
  fi
  # A server that is named by its address needs no cluster of our own, but the tests do.
  has_initdb || echo postgresql
}

mapfile -t missing < <(missing_packages | sort -u)
if [ "${#missing[@]}" -gt 0 ]; then
  echo "missing system packages: ${missing[*]}" >&2
  if ! command -v apt-get >/dev/null; then
    echo "this is not Debian or Ubuntu: install what corresponds to them, and run this again" >&2
    exit 69
  fi
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "neither root nor sudo: let an administrator run: apt-get install ${missing[*]}" >&2
      exit 69
    fi
    as_root=(sudo)
  fi
  apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -q)

  # The package would start a cluster of its own, which nobody here needs: ask it not to, for this installation only.
  switch=/etc/postgresql-common/createcluster.d/retrain-none.conf
  if [[ " ${missing[*]} " == *" postgresql "* ]]; then
    "${as_root[@]}" mkdir -p "$(dirname "$switch")"
    echo "create_main_cluster = false" | "${as_root[@]}" tee "$switch" >/dev/null
    trap '"${as_root[@]}" rm -f "$switch"' EXIT
  fi
  if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >&2; then
    echo "apt-get could not install: ${missing[*]}" >&2
    exit 69
  fi
fi

if ! command -v swift >/dev/null; then
  echo "there is no Swift on the PATH; version 6.2 or newer is at https://www.swift.org/install/linux" >&2
  exit 69
fi
