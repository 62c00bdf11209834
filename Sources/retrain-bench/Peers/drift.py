"""Change detectors against River's and Frouros's, each with its defaults, on the errors of an online learner.

    pip install -r Sources/retrain-bench/Peers/requirements.txt
    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/drift.py [--seeds 200] [--streams /tmp/drift.npz]

River's generators SEA, Hyperplane and LED (`drift_streams.py`) change their concept at record 1,000: at once, or little
by little over 1,000 records, or not at all. A linear learner of River's predicts each record, then learns it; that it
was wrong, 0 or 1, is what every detector sees, each the very same values. A delay is the records from 1,000 to the first
alarm after it, 1,000 where there is none by then; false alarms are counted where nothing changes. `less` is the median
of what ours is later than the peer, seed by seed, with a 95 % interval of a bootstrap. Frouros asks for an older numpy;
where it can't be imported it is left out. Those that take long run on the first `--slow-seeds` seeds.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import time

import numpy as np

import contest
import drift_streams
from drift_streams import CHANGE, KINDS, WITHIN

DETECTORS = ("adwin", "page_hinkley", "kswin", "ddm")
SLOW = {("river", "kswin"), *(("frouros", name) for name in DETECTORS)}


def river_detector(name, seed):
    from river import drift

    return {
        "adwin": drift.ADWIN, "page_hinkley": drift.PageHinkley, "kswin": lambda: drift.KSWIN(seed=seed),
        "ddm": drift.binary.DDM,
    }[name]()


def river_alarms(name, values, seed):
    detector = river_detector(name, seed)
    alarms = []
    for index, value in enumerate(values):
        detector.update(value)
        if detector.drift_detected:
            alarms.append(index)
    return alarms


def frouros_alarms(name, values, seed):
    from frouros.detectors import concept_drift

    kind = {
        "adwin": concept_drift.ADWIN, "page_hinkley": concept_drift.PageHinkley, "kswin": concept_drift.KSWIN,
        "ddm": concept_drift.DDM,
    }[name]
    np.random.seed(seed)
    detector = kind()
    alarms = []
    for index, value in enumerate(values):
        detector.update(value=value)
        if detector.status["drift"]:
            alarms.append(index)
            detector.reset()
    return alarms


def peer_run(task):
    """One peer over all streams of one generator and kind: alarms of each seed, seconds."""
    library, name, streams = task
    run = {"river": river_alarms, "frouros": frouros_alarms}[library]
    values = [stream.tolist() for stream in streams]
    start = time.process_time()
    alarms = [run(name, stream, seed) for seed, stream in enumerate(values)]
    return alarms, time.process_time() - start


def our_run(binary, name, streams, flags=()):
    text = "\n\n".join("\n".join(format(value, ".9g") for value in stream) for stream in streams)
    lines = subprocess.run(
        [binary, "drift", "--detector", name, *flags], input=text, check=True, capture_output=True, text=True).stdout
    alarms, seconds = [[] for _ in streams], 0.0
    for report in map(json.loads, lines.splitlines()):
        if "index" in report:
            alarms[report["stream"]].append(report["index"])
        else:
            seconds += float(report["params"]["values"]) / report["value"]
    return alarms, seconds


def delays(alarms):
    """Of each seed; WITHIN: not found by then."""
    return np.array([min([a - CHANGE for a in each if a >= CHANGE] + [WITHIN]) for each in alarms])


def interval(differences, samples=4000):
    random = np.random.default_rng(1)
    picks = random.integers(0, len(differences), (samples, len(differences)))
    return np.percentile(np.median(differences[picks], axis=1), [2.5, 97.5])


def measure(options, streams):
    """{(library, detector, generator, kind): (alarms, seconds, values)}"""
    tasks = []
    for library in ("river", *(["frouros"] if has_frouros() else [])):
        for name in DETECTORS:
            for (generator, kind), made in streams.items():
                seeds = options.slow_seeds if (library, name) in SLOW else len(made)
                tasks.append((library, name, generator, kind, made[:seeds]))
    tasks.sort(key=lambda task: (task[0], task[1]) not in SLOW)
    results = {}
    with multiprocessing.Pool(options.jobs) as pool:
        runs = pool.imap(peer_run, [(library, name, made) for library, name, _, _, made in tasks])
        for (library, name, generator, kind, made), (alarms, seconds) in zip(tasks, runs):
            results[library, name, generator, kind] = (alarms, seconds, made.size)
    for name in DETECTORS:
        for (generator, kind), made in streams.items():
            alarms, seconds = our_run(options.binary, name, made)
            results["retrain", name, generator, kind] = (alarms, seconds, made.size)
    return results


def has_frouros():
    try:
        import frouros  # noqa: F401
        from frouros.detectors import concept_drift  # noqa: F401
    except ImportError:
        return False
    return True


def rate_of_false_alarms(result):
    alarms, _, values = result
    return 1e4 * sum(map(len, alarms)) / values


def rows(results):
    libraries = [name for name in ("retrain", "river", "frouros") if any(key[0] == name for key in results)]
    for name in DETECTORS:
        for generator in drift_streams.GENERATORS:
            for kind in ("abrupt", "gradual"):
                ours = delays(results["retrain", name, generator, kind][0])
                for library in libraries:
                    alarms, seconds, values = results[library, name, generator, kind]
                    late = delays(alarms)
                    row = {
                        "detector": name, "stream": f"{generator} {kind}", "of": library, "seeds": len(late),
                        "median delay": float(np.median(late)), "found": float((late < WITHIN).mean()),
                        "false alarms": rate_of_false_alarms(results[library, name, generator, "none"]),
                        "values/s": values / seconds,
                    }
                    if library != "retrain":
                        differences = ours[: len(late)] - late
                        row["less"] = float(np.median(differences))
                        row["interval"] = interval(differences).tolist()
                    yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=contest.PRODUCT, help="retrain-bench, built with -c release")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--slow-seeds", type=int, default=50, help="of River's KSWIN and of Frouros")
    parser.add_argument("--streams", help="a file that keeps the streams for the next run")
    parser.add_argument("--signal", choices=("wrong", "loss"), default="wrong", help="loss: 1 - p of the true class")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    streams = drift_streams.load(options.streams, options.seeds, options.signal, options.jobs)
    table = list(rows(measure(options, streams)))
    for row in table:
        print(json.dumps(row))
    print()
    contest.table(
        [
            {
                **row, "median delay": f"{row['median delay']:.0f}", "found": f"{100 * row['found']:.1f} %",
                "false alarms": f"{row['false alarms']:.3f}", "values/s": f"{row['values/s']:,.0f}",
                "less": "" if "less" not in row else
                f"{row['less']:+.0f} ({row['interval'][0]:+.0f} … {row['interval'][1]:+.0f})",
            }
            for row in table
        ],
        ["detector", "stream", "of", "seeds", "median delay", "less", "found", "false alarms", "values/s"])


if __name__ == "__main__":
    main()
