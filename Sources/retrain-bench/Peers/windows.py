"""What the rules say of windows of records beside what Evidently's drift tests say of them, each with its defaults.

    swift build -c release --product retrain-bench
    python Sources/retrain-bench/Peers/windows.py --install /tmp/windows [--seeds 200]

A seed makes a baseline of 16 windows of 1,000 records with six numbers and two categories, four windows more like these,
and one for each kind of change, which alters one column. Both are given the very same records. Ours says of which feature
a rule fails (`retrain-bench windows`). Evidently compares a column with a reference: once with the last 1,000 records of
the baseline, where its defaults are tests (Kolmogorov-Smirnov, chi-square; 0.05 a column), and once with all 16,000, where
they are distances (Wasserstein, Jensen-Shannon; 0.1). Values that are absent are left out of its drift tests.

Told are, with 95 % intervals: of windows without a change those of which something is said of any column, and of changed
windows those of whose altered column something is said (Wilson); `more` is ours less the peer's, seed by seed (a bootstrap
over the seeds); `named`, of ours, that a rule fails which is there for that change.
"""

import argparse
import json
import os
import subprocess
import sys

import contest
import drift_install

HERE = os.path.dirname(os.path.abspath(__file__))
BASELINE, ROWS, CLEAN = 16, 1000, 4
NUMBERS, CATEGORIES = ("normal", "lognormal", "uniform", "counts", "two_humps", "heavy_tail"), ("few", "many")
COLUMNS = (*NUMBERS, *CATEGORIES)
# By change: the columns that it may alter, and the rules that are there for it.
CHANGES = {
    "moved by 1/4": (NUMBERS, ("feature_drift",)),
    "moved by 1/2": (NUMBERS, ("feature_drift",)),
    "moved by 1": (NUMBERS, ("feature_drift",)),
    "half as wide again": (("normal", "uniform", "two_humps", "heavy_tail"), ("feature_drift",)),
    "unit x 60": (NUMBERS, ("unit_change",)),
    "unit x 1000": (NUMBERS, ("unit_change",)),
    "unit / 100": (NUMBERS, ("unit_change",)),
    "20 % missing": (COLUMNS, ("feature_drift", "feature_gone")),
    "60 % missing": (COLUMNS, ("feature_gone",)),
    "one value": (COLUMNS, ("feature_constant",)),
    "category gone": (CATEGORIES, ("feature_drift",)),
    "a fifth one category": (CATEGORIES, ("feature_drift",)),
}


def window(random):
    """Records like those of the baseline: {column: values}; a category is a number from 1 on, NaN is absent."""
    import numpy as np

    humps = random.random(ROWS) < 0.3
    ranks = np.arange(1, 41)
    return {
        "normal": random.normal(20, 5, ROWS), "lognormal": random.lognormal(1, 1, ROWS),
        "uniform": random.uniform(10, 20, ROWS), "counts": random.poisson(3, ROWS).astype(float),
        "two_humps": np.where(humps, random.normal(2, 1, ROWS), random.normal(9, 1, ROWS)),
        "heavy_tail": random.standard_t(3, ROWS),
        "few": random.choice(6, ROWS, p=(0.4, 0.25, 0.15, 0.1, 0.07, 0.03)) + 1.0,
        "many": random.choice(40, ROWS, p=1 / ranks / (1 / ranks).sum()) + 1.0,
    }


def changed(change, values, column, spread, center, random):
    """A column's values after a change."""
    import numpy as np

    if change.startswith("moved"):
        return values + spread * {"1/4": 0.25, "1/2": 0.5, "1": 1.0}[change.split()[-1]]
    if change == "half as wide again":
        return center + 1.5 * (values - center)
    if change.startswith("unit"):
        return values * {"60": 60, "1000": 1000}[change.split()[-1]] if " x " in change else values / 100
    if change.endswith("missing"):
        return np.where(random.random(ROWS) < float(change.split()[0]) / 100, np.nan, values)
    if change == "one value":
        return np.full(ROWS, values[0])
    if change == "category gone":
        # The second most frequent; its records have others.
        others = values[values != 2]
        return np.where(values == 2, random.choice(others, ROWS), values)
    if change == "a fifth one category":
        return np.where(random.random(ROWS) < 0.2, 5.0, values)
    raise ValueError(change)


def case(seed):
    """(the baseline's windows, [(name, altered column or None, window)])"""
    import numpy as np

    random = np.random.default_rng(seed)
    baseline = [window(random) for _ in range(BASELINE)]
    judged = [(f"clean {number}", None, window(random)) for number in range(CLEAN)]
    for change, (columns, _) in CHANGES.items():
        column = columns[int(random.integers(len(columns)))]
        before = np.concatenate([each[column] for each in baseline])
        # Of a tail that is heavy a quantile's width says more than a deviation.
        low, center, high = np.quantile(before, (0.1587, 0.5, 0.8413))
        records = window(random)
        records[column] = changed(change, records[column], column, (high - low) / 2, center, random)
        judged.append((change, column, records))
    # Both see 32-bit numbers.
    for records in [*baseline, *(records for _, _, records in judged)]:
        for name in NUMBERS:
            records[name] = records[name].astype("float32")
    return baseline, judged


def lines(records):
    columns = []
    for name in COLUMNS:
        form = "%.9g" if name in NUMBERS else "%d"
        columns.append(["-" if value != value else form % value for value in records[name]])
    return "\n".join(map(" ".join, zip(*columns)))


def ours(options, seeds):
    """{(seed, window): {column: rules that fail}}"""
    text = []
    for seed in seeds:
        baseline, judged = case(seed)
        text.append("columns " + " ".join(f"{name}:{'number' if name in NUMBERS else 'category'}" for name in COLUMNS))
        text += [part for records in baseline for part in ("baseline", lines(records))]
        text += [part for name, _, records in judged for part in (f"window {name}", lines(records))]
    told = subprocess.run(
        [options.binary, "windows"], input="\n".join(text) + "\n", check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for report in map(json.loads, told.splitlines()):
        if "window" not in report:
            continue
        rules = found.setdefault((seeds[report["case"]], report["window"]), {})
        for finding in report["findings"]:
            rules.setdefault(finding["feature"], set()).add(finding["rule"])
    return found


def evidently(seeds):
    """By reference, {(seed, window): columns that drifted}; of a changed window only the altered column is looked at."""
    import pandas as pd
    from evidently.legacy.calculations.stattests import get_stattest

    found = {"1,000": {}, "16,000": {}}
    for seed in seeds:
        baseline, judged = case(seed)
        for name in COLUMNS:
            kind = "num" if name in NUMBERS else "cat"
            for reference, windows in (("1,000", baseline[-1:]), ("16,000", baseline)):
                before = pd.concat([pd.Series(records[name]) for records in windows], ignore_index=True).dropna()
                for label, column, records in judged:
                    drifted = found[reference].setdefault((seed, label), set())
                    if column not in (None, name):
                        continue
                    now = pd.Series(records[name]).dropna()
                    test = get_stattest(before, now, kind, None)
                    if len(now) and bool(test(before, now, kind, None).drifted):
                        drifted.add(name)
    return found


def wilson(hits, count, z=1.96):
    """95 % of a share."""
    share, width = hits / count, z * z / count
    middle, reach = share + width / 2, z * (share * (1 - share) / count + width / count / 4) ** 0.5
    return max(0.0, (middle - reach) / (1 + width)), min(1.0, (middle + reach) / (1 + width))


def more(mine, theirs):
    """Ours less the peer's, in percent, with a bootstrap over the seeds."""
    import numpy as np

    differences = np.array([np.mean(a) - np.mean(b) for a, b in zip(mine, theirs)])
    picks = np.random.default_rng(1).integers(0, len(differences), (2000, len(differences)))
    low, high = np.percentile(differences[picks].mean(axis=1), (2.5, 97.5))
    return f"{100 * differences.mean():+.1f} ({100 * low:+.1f} … {100 * high:+.1f})"


def share(seeds_hits):
    hits, count = sum(map(sum, seeds_hits)), sum(map(len, seeds_hits))
    low, high = wilson(hits, count)
    return f"{100 * hits / count:.1f} % ({100 * low:.1f} … {100 * high:.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=contest.PRODUCT, help="retrain-bench, built with -c release")
    parser.add_argument("--install", metavar="FOLDER", help="a virtual environment of the peer; is made")
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1)
    options = parser.parse_args()
    if options.install:
        python = drift_install.install(options.install, os.path.join(HERE, "requirements-windows.txt"))
        place = next(place for place, word in enumerate(sys.argv) if word.startswith("--install"))
        rest = sys.argv[1:place] + sys.argv[place + (1 if "=" in sys.argv[place] else 2):]
        os.execv(python, [python, "-W", "ignore", os.path.abspath(__file__), *rest])
    seeds = list(range(options.first_seed, options.first_seed + options.seeds))
    mine = {}
    # A few at a time: a case is a few megabytes of text.
    for first in range(0, len(seeds), 10):
        mine |= ours(options, seeds[first:first + 10])
    peers = {f"evidently, {reference}": found for reference, found in evidently(seeds).items()}
    clean = [f"clean {number}" for number in range(CLEAN)]
    altered = {(seed, name): column for seed in seeds for name, column, _ in case(seed)[1]}

    def said(found, name):
        """By seed, whether something is said of its windows of that name."""
        if name == "no change":
            return [[bool(found[seed, each]) for each in clean] for seed in seeds]
        return [[altered[seed, name] in found[seed, name]] for seed in seeds]

    rows = []
    for name in ("no change", *CHANGES):
        row = {"change": name, "retrain": share(said(mine, name))}
        if name in CHANGES:
            wanted = set(CHANGES[name][1])
            row["named"] = share([[bool(wanted & mine[seed, name].get(altered[seed, name], set()))] for seed in seeds])
            # Of the columns that were left as they were.
            row["elsewhere"] = share([[bool(set(mine[seed, name]) - {altered[seed, name]})] for seed in seeds])
        for peer, found in peers.items():
            row[peer] = share(said(found, name))
            row[f"more than {peer.split(', ')[1]}"] = more(said(mine, name), said(found, name))
        rows.append(row)
        print(json.dumps(row), flush=True)
    print()
    contest.table(
        rows, ["change", "retrain", "named", "elsewhere", *peers, *(f"more than {p.split(', ')[1]}" for p in peers)])


if __name__ == "__main__":
    main()
