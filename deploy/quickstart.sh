#!/usr/bin/env bash
# From nothing to a promoted version, learned from a real stream; 'make quickstart' builds first and then runs this.
# Begins anew each time. Ctrl-C stops everything with a final checkpoint; nothing is left running.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
retrainctl=$PWD/.build/release/retrainctl
pipeline=Pipelines/quickstart.yaml
records=Pipelines/data/flights.jsonl.zst
home=${RETRAIN_HOME:-.retrain}
feeder=

say() { printf '\n== %s\n' "$*"; }

finish() {
  trap '' INT TERM
  if [ -n "$feeder" ]; then
    kill -TERM "$feeder" 2>/dev/null || true
    wait "$feeder" 2>/dev/null || true
  fi
  # What ran before this stays.
  [ "$was_up" = yes ] || "$retrainctl" dev down >/dev/null
}
was_up=no
[ ! -e "$home/run/postgres.keep" ] && [ ! -e "$home/run/broker.keep" ] || was_up=yes
trap finish EXIT
trap 'echo interrupted; exit 0' INT TERM

say "database and broker under $home/ (or what RETRAIN_DATABASE_URL and RETRAIN_KAFKA_BROKERS name)"
in_memory() { "$retrainctl" dev up --json | grep -q '"broker":"memory"'; }
"$retrainctl" dev up >/dev/null
# The broker in memory cannot delete a topic: one that ran before begins anew.
if [ "$was_up" = yes ] && in_memory; then "$retrainctl" dev down >/dev/null && "$retrainctl" dev up >/dev/null; fi
"$retrainctl" delete "$pipeline" --topics --if-exists --yes

say "streaming $records, learning with $pipeline; Ctrl-C stops with a final checkpoint"
hold_back=()
# Apache Kafka keeps what it is given; the broker in memory keeps 5 MB a partition.
if in_memory; then hold_back=(--max-lag 30000); fi
mkdir -p "$home/logs"
rm -f "$home/run/feed.flights"
"$retrainctl" feed "$records" --pipeline "$pipeline" --key id "${hold_back[@]}" >"$home/logs/feed.log" 2>&1 &
feeder=$!
until grep -qs . "$home/logs/feed.log" || [ -e "$home/run/feed.flights" ] || ! kill -0 "$feeder" 2>/dev/null; do
  sleep 0.05
done
# Ctrl-C reaches 'start' itself, which then ends well; this script goes on and reports.
interrupted=no
trap 'interrupted=yes' INT TERM
"$retrainctl" start "$pipeline" --until end
if [ "$interrupted" = no ] && ! wait "$feeder"; then
  cat "$home/logs/feed.log" >&2
  exit 69
fi

say "every record accounted for"
"$retrainctl" audit
say "a prediction, by the stable version"
flight='{"x":{"month":12,"dow":6,"carrier":"UA","origin":"EWR","dest":"ORD","sched_dep_min":1170}}'
echo "retrainctl predict '$flight'"
"$retrainctl" predict "$flight" || true

if in_memory; then
  go_on="  (the broker in memory forgets the stream now; with Apache Kafka, KAFKA_HOME=..., a run can go on from here)"
else
  go_on="  retrainctl start $pipeline --detach
                                   goes on learning where this ended; 'retrainctl stop' ends it"
fi
cat <<END

== where things are, and what to try next, from this folder
  .build/release/retrainctl        the program; put it on your PATH
  $home/postgres/               checkpoints, versions, journal: a private PostgreSQL, started when needed
  $home/logs/flights/           what each role logged

  retrainctl status                what you saw above, at any time
  retrainctl version show 1        why a version was promoted, with every figure
  retrainctl health                activation health a layer, and what the rules say
  retrainctl server -p flights     serves the stable version: a web page, /metrics, Open Inference Protocol;
                                   the address is in its first line; Ctrl-C ends it
$go_on
Nothing is left running.
END
