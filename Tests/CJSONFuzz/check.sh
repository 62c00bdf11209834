#!/usr/bin/env bash
# Holds the ways of reading a record against each other and against a plain parser, for about half a minute.
#
# Compiles Sources/CJSON, with the language of Package.swift, and the harness beside this script, watched by
# AddressSanitizer and UndefinedBehaviorSanitizer. First every small edit of every seed, the same each time; then libFuzzer,
# for FUZZ_SECONDS (12). What it finds is shown and kept as fuzz-crash-… in the folder this was started in. CLANG names the
# compiler; else the one beside `swift` is taken, or the one on the PATH.
set -euo pipefail
start=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

find_clang() {
  local swift
  if [ -n "${CLANG:-}" ]; then
    echo "$CLANG"
  elif swift=$(command -v swift) && [ -x "$(dirname "$(readlink -f "$swift")")/clang++" ]; then
    echo "$(dirname "$(readlink -f "$swift")")/clang++"
  else
    command -v clang++ || { echo "no clang++ to build the fuzzer with" >&2 && exit 69; }
  fi
}

clang=$(find_clang)
flags=(-std=c++17 -O1 -g -Wall -Werror -ISources/CJSON/include)
linker=()
[ -x "$(dirname "$clang")/ld.lld" ] && linker=(-fuse-ld=lld)
watch=(-fsanitize=address,undefined -fno-sanitize-recover=all)

# Whether a program that these flags ask for can be linked here.
can_link() { "$clang" "$@" "${linker[@]}" -x c++ - -o "$folder/probe" 2>/dev/null; }

# The program that is wanted, then what it takes beside the objects; only trouble is shown.
link() {
  "$clang" "${watch[@]}" "${linker[@]}" "${@:2}" "$folder/decoder.o" "$folder/harness.o" -lsimdjson -o "$folder/$1" \
    >"$folder/link.log" 2>&1 || { cat "$folder/link.log" >&2 && exit 70; }
}

if ! can_link "${watch[@]}" <<<'int main() {}'; then
  echo "NOT WATCHED: no AddressSanitizer for $clang here, so reading past the end may pass unseen" >&2
  watch=()
fi
has_fuzzer=true
can_link "${watch[@]}" -fsanitize=fuzzer <<<'extern "C" int LLVMFuzzerTestOneInput(const char *, unsigned long) { return 0; }' \
  || has_fuzzer=false
coverage=()
$has_fuzzer && coverage=(-fsanitize=fuzzer-no-link)

"$clang" "${flags[@]}" "${watch[@]}" "${coverage[@]}" -c Sources/CJSON/decoder.cpp -o "$folder/decoder.o" &
"$clang" "${flags[@]}" "${watch[@]}" -c Tests/CJSONFuzz/harness.cpp -o "$folder/harness.o"
wait $!
"$clang" "${flags[@]}" "${watch[@]}" -c Tests/CJSONFuzz/edits.cpp -o "$folder/edits.o"
link edits "$folder/edits.o"
"$folder/edits" Tests/CJSONFuzz/seeds/*

if ! $has_fuzzer; then
  echo "NOT FUZZED: $clang has no libFuzzer here (the Swift toolchain's has); only the edits of the seeds were tried" >&2
  exit 0
fi
"$clang" "${flags[@]}" "${watch[@]}" -c Tests/CJSONFuzz/fuzz.cpp -o "$folder/fuzz.o"
link fuzz -fsanitize=fuzzer "$folder/fuzz.o"
mkdir "$folder/found"
# The seed is printed, and with the input that is kept any failure comes again.
"$folder/fuzz" -max_total_time="${FUZZ_SECONDS:-12}" -max_len=600 -timeout=10 -dict=Tests/CJSONFuzz/json.dict \
  -artifact_prefix="$start/fuzz-" "$folder/found" Tests/CJSONFuzz/seeds >"$folder/log" 2>&1 \
  || { grep -v '^#[0-9]' "$folder/log" >&2 && exit 1; }
grep -E '^(INFO: Seed|Done)' "$folder/log"
