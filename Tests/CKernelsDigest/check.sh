#!/usr/bin/env bash
# Checks that the kernels give the same bits on x86-64 and on AArch64 (NEON), and at every CPU level of each.
#
# Compiles Sources/CKernels, with the flags of Package.swift, and the digests beside this script for this machine and,
# where it is x86-64 and has what it takes, for AArch64, whose program it runs in an emulator. Without that, it says that
# NEON was not checked, and succeeds if this machine's own levels agree. CLANG names the compiler; else the one beside
# `swift` is taken, or the one on the PATH.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

needed="gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

find_clang() {
  local swift
  if [ -n "${CLANG:-}" ]; then
    echo "$CLANG"
  elif swift=$(command -v swift) && [ -x "$(dirname "$(readlink -f "$swift")")/clang" ]; then
    echo "$(dirname "$(readlink -f "$swift")")/clang"
  else
    command -v clang || { echo "no clang: the kernels need it" >&2 && exit 69; }
  fi
}

# .target(name: "CKernels", cSettings: [.unsafeFlags(["-O3", …])]) → -O3 …
package_flags() { sed -n '/name: "CKernels", cSettings/s/.*unsafeFlags(\[\([^]]*\)\].*/\1/p' Package.swift | tr -d '",'; }

clang=$(find_clang)
read -ra flags < <(package_flags)
[ "${#flags[@]}" -gt 0 ] || { echo "Package.swift has no flags for CKernels" >&2 && exit 70; }

# Machine, then what the compiler needs for it.
build() {
  "$clang" "${@:2}" "${flags[@]}" -ISources/CKernels/include Sources/CKernels/*.c \
    Sources/CKernels/recipe/*.c Tests/CKernelsDigest/*.c -lm \
    -o "$folder/$1"
}

# Machine, then how to run a program for it.
digest() { "${@:2}" "$folder/$1" | sed "s/^/$1 /" >>"$folder/digests"; }

here=$(uname -m)
emulator=$(command -v qemu-aarch64 || command -v qemu-aarch64-static || true)
arm=(--target=aarch64-linux-gnu -static)

can_cross() {
  [ "$here" = x86_64 ] && [ -n "$emulator" ] \
    && "$clang" "${arm[@]}" -x c - -o "$folder/probe" <<<$'#include <stdio.h>\nint main(void) { return printf(""); }' \
      2>/dev/null \
    && "$emulator" "$folder/probe"
}

build "$here"
digest "$here" env
if can_cross; then
  build aarch64 "${arm[@]}"
  digest aarch64 "$emulator"
elif [ "$here" != aarch64 ]; then
  echo "NEON not checked: no AArch64 compiler or emulator here (Debian, Ubuntu: apt-get install $needed)"
fi

# machine family inputs arithmetic level digest: one digest for what is computed, whoever computes it.
awk '
  { what = $2 " " $3 " " $4; who = $1 " " $5; counts[who]++; if (!(who in place)) order[place[who] = ++levels] = who }
  !(what in first) { first[what] = $6; by[what] = who; kinds++ }
  $6 != first[what] { print what ": " who " gives " $6 ", " by[what] " gives " first[what]; differences++ }
  END {
    for (i = 1; i <= levels; i++) {
      print order[i] ": " counts[order[i]] " digests"
      if (counts[order[i]] != kinds) differences++
    }
    if (differences || levels < 2) { print "the kernels do not give the same bits"; exit 1 }
    print "the same bits at all " levels " levels"
  }' "$folder/digests"
