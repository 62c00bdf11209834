"""Change detectors against River's and Frouros's, each with its defaults, on the errors of an online learner.

    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/drift.py --install /tmp/drift [--seeds 200] [--streams /tmp/drift.npz]

River's generators SEA, Hyperplane and LED (`drift_streams.py`) change their concept at record 1,000: at once, or little
by little over 1,000 records, or not at all. A linear learner predicts each record, then learns it; that it was wrong, 0
or 1, is what every detector sees, each the very same values. A delay is the records from 1,000 to the first alarm after
it, 1,000 where there is none by then; false alarms are those in 10,000 values before any change, counted on 3,000
values that have none. `later` and `more` are ours less the peer's, seed by seed. In brackets: 95 % intervals of a
bootstrap over the seeds.

The bar, where the change is abrupt: ours is no more than a tenth later than the best that raises no more false alarms,
of its method and of any. `--tune` looks, where ours misses it, for a setting that meets it on every other seed, and
tells what that does on the others, which it was not chosen by.

Those detectors that take long run on the first `--slow-seeds` seeds. A library that can't be imported is told with its
reason, and left out. Evidently compares two samples of records, as `windows.py` does.

Where the change comes little by little, what counts is who finds it at all: a table of its own tells the share of seeds in
which each detector says something within 1,000 records of the beginning, beside its false alarms.
"""

import argparse
import os
import sys

import contest
import drift_install


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=contest.PRODUCT, help="retrain-bench, built with -c release")
    parser.add_argument("--install", metavar="FOLDER", help="a virtual environment of the peers; is made")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--slow-seeds", type=int, default=20, help="of KSWIN and STEPD")
    parser.add_argument("--streams", help="a file that keeps the streams for the next run")
    parser.add_argument("--signal", choices=("wrong", "loss"), default="wrong", help="loss: 1 - p of the true class")
    parser.add_argument("--tune", action="store_true", help="look for settings that meet the bar where ours misses it")
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    if options.install:
        python = drift_install.install(options.install)
        place = next(place for place, word in enumerate(sys.argv) if word.startswith("--install"))
        rest = sys.argv[1:place] + sys.argv[place + (1 if "=" in sys.argv[place] else 2):]
        os.execv(python, [python, "-W", "ignore", os.path.abspath(__file__), *rest])
    options.without = drift_install.missing()
    for library, reason in options.without.items():
        print(f"{library} is not compared: {reason}", flush=True)
    if "river" in options.without:
        raise SystemExit("the streams are made by river")
    options.range = range(options.first_seed, options.first_seed + options.seeds)
    import drift_contest

    drift_contest.run(options)


if __name__ == "__main__":
    main()
