#!/bin/bash
# Writes every migration into Sources/Registry/Migrations, so that the binary carries them wherever it runs.
# A test fails while the two differ. An applied migration is never edited: add the next number.
set -euo pipefail
cd "$(dirname "$0")"
target=../Sources/Registry/Migrations
mkdir -p "$target"
rm -f "$target"/Migration[0-9]*.swift
list=""
for file in [0-9][0-9][0-9][0-9]_*.sql; do
  number=${file%%_*}
  title=${file#*_}
  {
    echo "// Written by migrations/embed.sh from migrations/$file."
    echo "extension Migration {"
    echo "  static let number$number = Migration("
    echo "    version: $((10#$number)), name: \"${title%.sql}\","
    echo "    sql: ##\"\"\""
    sed 's/^\(.\)/      \1/' "$file"
    echo "      \"\"\"## + \"\\n\")"
    echo "}"
  } > "$target/Migration$number.swift"
  list+="    .number$number,"$'\n'
done
{
  echo "// Written by migrations/embed.sh."
  echo "extension Migration {"
  echo "  /// In the order of their numbers, from 1 without a gap."
  echo "  package static let all: [Migration] = ["
  printf '%s' "$list"
  echo "  ]"
  echo "}"
} > "$target/Migration+All.swift"
