#!/bin/bash
# Makes database.sql and predictions.jsonl with the program that it is given: make.sh RETRAINCTL [FOLDER]
#
# A pipeline is run twice. The second time it is killed with everything, so that a dead server and dead workers stay behind,
# with what they had learned since the last checkpoint. Needs psql's neighbour pg_dump, and python3.
set -euo pipefail
program=$(realpath "$1")
folder=$(realpath "${2:-$(dirname "$0")}")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
chmod 755 "$work"
export RETRAIN_HOME=$work/home
unset RETRAIN_DATABASE_URL RETRAIN_KAFKA_BROKERS KAFKA_HOME
cd "$work"
trap '"$program" dev down >/dev/null || true; rm -rf "$work"' EXIT

"$program" dev up --json > up.json
uri=$(python3 -c 'import json; print(json.load(open("up.json"))["database"])')
python3 "$here/records.py" 800 1 > first.jsonl
"$program" feed first.jsonl --topic kept --key id > feed.txt
"$program" start "$here/pipeline.yaml" --until end --json > first.json
python3 "$here/records.py" 1200 2 650 > second.jsonl
"$program" start "$here/pipeline.yaml" --detach > start.txt
"$program" feed second.jsonl --topic kept --key id --rate 200 >> feed.txt
for attempt in {1..100}; do "$program" incidents --json | grep -q non_finite && break; sleep 0.2; done
for process in /proc/[0-9]*; do
  number=${process#/proc/}
  { tr '\0' '\n' < "$process/environ"; } 2>/dev/null | grep -qx "RETRAIN_HOME=$RETRAIN_HOME" || continue
  words=$(tr '\0' ' ' < "$process/cmdline")
  case $words in *" worker "* | *" server "* | *" controller "* | *" start "*) kill -9 "$number" || true ;; esac
done
sleep 1

python3 "$here/records.py" 4 3 > asked.jsonl
: > "$folder/predictions.jsonl"
for version in $("$program" versions --json | grep -o '"number":[0-9]*' | cut -d: -f2 | sort -n); do
  while read -r record; do
    answer=$("$program" predict "$record" --version "$version" --json) || continue  # the states of old versions are pruned
    python3 -c '
import json, sys
answer = json.loads(sys.argv[2])
kept = {"version": answer["version"], "record": sys.argv[1], "outputs": answer["outputs"]}
kept["heads"] = {head["name"]: head["outputs"] for head in answer["heads"]}
print(json.dumps(kept))' "$record" "$answer" >> "$folder/predictions.jsonl"
  done < asked.jsonl
done
# Without psql's own commands, so that any connection can replay it.
pg_dump --no-owner --no-privileges --inserts --rows-per-insert=100 --dbname "$uri" | grep -v '^\\' | grep -v '^--' | cat -s \
  > "$folder/database.sql"
"$program" versions
"$program" incidents
"$program" audit --ledger
