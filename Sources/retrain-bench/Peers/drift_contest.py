"""Our detectors of change beside the peers', on the same streams: what `drift.py` measures and prints."""

import functools
import itertools
import json
import multiprocessing
import subprocess

import contest
import drift_figures
import drift_libraries
import drift_streams
from drift_streams import CHANGE, GENERATORS, KINDS, WITHIN

DETECTORS = ("adwin", "page_hinkley", "kswin", "ddm")
# What `--tune` tries: every combination.
SETTINGS = {
    "adwin": {"delta": (0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)},
    "page_hinkley": {"tolerance": (0.1, 0.2, 0.3, 0.4), "threshold": (8, 12, 16, 20, 25, 30, 35, 45)},
    "kswin": {"alpha": (0.0001, 0.001, 0.005, 0.02), "recent": (30, 50, 100), "window": (300,)},
    "ddm": {"change": (2.25, 2.5, 2.75, 3, 3.25), "errors": (1, 5, 10)},
}


@functools.cache
def text_of(streams):
    return "\n\n".join("\n".join(format(value, ".9g") for value in stream) for stream in streams)


def our_figures(options, method, streams, settings=()):
    """{generator: figures} of our detector; `settings`: (flag, value)s."""
    flags = [word for name, value in settings for word in (f"--{name}", str(value))]
    alarms, values, seconds = {}, 0.0, 0.0
    for name, made in streams.items():
        lines = subprocess.run(
            [options.binary, "drift", "--detector", method, *flags], input=text_of(made), check=True,
            stdout=subprocess.PIPE, text=True).stdout
        alarms[name] = [[] for _ in made]
        for report in map(json.loads, lines.splitlines()):
            if "index" in report:
                alarms[name][report["stream"]].append(report["index"])
            else:
                values += float(report["params"]["values"])
                seconds += float(report["params"]["values"]) / report["value"]
    return {
        generator: drift_figures.Figures({kind: alarms[generator, kind] for kind in KINDS}, values / seconds)
        for generator in GENERATORS
    }


def measure(options, streams):
    """{(library, method, generator): figures}"""
    names, tasks = [], []
    for library, methods in drift_libraries.PEERS.items():
        for method, generator in itertools.product(() if library in options.without else methods, GENERATORS):
            seeds = options.slow_seeds if (library, method) in drift_libraries.SLOW else options.seeds
            values = {kind: streams[generator, kind][:seeds] for kind in KINDS}
            names.append((library, method, generator))
            tasks.append((library, method, values, options.range[:seeds], CHANGE))
    order = sorted(range(len(names)), key=lambda place: names[place][:2] not in drift_libraries.SLOW)
    figures = {}
    with multiprocessing.Pool(options.jobs) as pool:
        for place, run in zip(order, pool.imap(drift_libraries.peer_run, [tasks[place] for place in order])):
            figures[names[place]] = drift_figures.Figures(*run)
    texts = {name: tuple(map(tuple, made.tolist())) for name, made in streams.items()}
    for method in DETECTORS:
        for generator, found in our_figures(options, method, texts).items():
            figures["retrain", method, generator] = found
    return figures, texts


def rows(figures):
    methods = list(dict.fromkeys([*DETECTORS, *(method for _, method, _ in figures)]))
    for method, generator, kind in itertools.product(methods, GENERATORS, ("abrupt", "gradual")):
        ours = figures.get(("retrain", method, generator))
        for library in ("retrain", *drift_libraries.PEERS):
            if (library, method, generator) in figures:
                found = figures[library, method, generator]
                yield drift_figures.row(
                    method, (generator, kind), library, found, ours if library != "retrain" else None)


def rivals(figures, generator, methods):
    return {
        f"{library} {method}": found for (library, method, place), found in figures.items()
        if library != "retrain" and place == generator and method in methods
    }


def verdicts(figures):
    """Of each detector of ours on each stream: against the peers of its method, then against those of any."""
    every = {method for _, method, _ in figures}
    for against, method, generator in itertools.product(("its method", "any"), DETECTORS, GENERATORS):
        ours = figures["retrain", method, generator]
        others = rivals(figures, generator, {method} if against == "its method" else every)
        is_met, best = drift_figures.verdict(ours, others)
        told = {"bar": "met" if is_met else "missed", "detector": method, "stream": generator, "against": against}
        if best:
            ratio, name, mine, rival = best
            told |= {
                "best": name, "seeds": rival.seeds, "delay": mine.delay, "its": rival.delay, "ratio": round(ratio, 3),
                "false alarms": round(mine.rate, 3), "its false alarms": round(rival.rate, 3),
            }
        yield told


def tuned(options, figures, texts, missed):
    """Of each detector of ours that misses the bar: the setting that is level with the best on the most streams.

    It is chosen by every other seed, of several the one with the least delay; told is what it does on the others. The
    best are those that the bar was missed by: a setting that raises more false alarms than they do is none.
    """
    chosen_by, told_by = slice(0, None, 2), slice(1, None, 2)

    def level(found, best, side):
        return sum(
            drift_figures.is_level(found[generator].part(side), rival.part(side)) for generator, rival in best.items())

    for method in dict.fromkeys(told["detector"] for told in missed):
        names, choices = SETTINGS[method].keys(), SETTINGS[method].values()
        settings = [tuple(zip(names, choice)) for choice in itertools.product(*choices)]
        tried = {setting: our_figures(options, method, texts, setting) for setting in settings}
        for against in dict.fromkeys(told["against"] for told in missed if told["detector"] == method):
            best = {
                told["stream"]: figures[(*told["best"].split(), told["stream"])]
                for told in missed if told["detector"] == method and told["against"] == against
            }
            chosen = max(tried, key=lambda setting: (
                level(tried[setting], best, chosen_by),
                -sum(tried[setting][generator].part(chosen_by).delay for generator in best)))
            told = {
                "detector": method, "against": against,
                "setting": " ".join(f"{name} {value}" for name, value in chosen),
                "level": f"{level(tried[chosen], best, chosen_by)} of {len(best)}",
                "held out": f"{level(tried[chosen], best, told_by)} of {len(best)}",
            }
            for generator, each in tried[chosen].items():
                told[generator] = f"{each.part(told_by).delay:.0f}, {each.part(told_by).rate:.2f}"
            yield told


def printed(table):
    """The rows as people read them: numbers with their intervals."""
    for told in table:
        text = {**told, "found": f"{100 * told['found']:.1f} %", "values/s": f"{told['values/s']:,.0f}"}
        for name, form in (("delay", ".0f"), ("later", "+.0f"), ("false alarms", ".2f"), ("more", "+.2f")):
            if name in told:
                low, high = told[name + " interval"]
                text[name] = f"{told[name]:{form}} ({low:{form}} … {high:{form}})"
        yield text


def gradual(figures):
    """Who finds changes that come little by little: the share of the seeds by stream, with its interval, and false alarms."""
    told = {}
    for (library, method, generator), found in figures.items():
        row = told.setdefault((library, method), {"detector": method, "of": library, "seeds": found.seeds, "rates": []})
        share, (low, high) = found.found("gradual"), drift_figures.share_interval(found.late["gradual"] < WITHIN)
        row[generator] = f"{100 * share:.1f} % ({100 * low:.1f} … {100 * high:.1f})"
        row["rates"].append(found.rate)
    for row in told.values():
        row["false alarms"] = f"{sum(row['rates']) / len(row.pop('rates')):.2f}"
    return [told[key] for key in sorted(told, key=lambda key: (key[1], key[0] != "retrain", key[0]))]


def run(options):
    """Measures and prints; `options.without`: the libraries that can't be compared, and why."""
    options.range = range(options.first_seed, options.first_seed + options.seeds)
    streams = drift_streams.load(options.streams, options.range, options.signal, options.jobs)
    figures, texts = measure(options, streams)
    table, bars = list(rows(figures)), list(verdicts(figures))
    for told in [*table, *bars]:
        print(json.dumps(told))
    print()
    contest.table(
        list(printed(table)),
        ["detector", "stream", "of", "seeds", "found", "delay", "later", "false alarms", "more", "values/s"])
    print()
    contest.table(
        bars,
        ["bar", "against", "detector", "stream", "best", "seeds", "delay", "its", "ratio", "false alarms",
         "its false alarms"])
    print(f"\nfound within {WITHIN:,} records where the change is gradual; false alarms in 10,000 values")
    slowly = gradual(figures)
    contest.table(slowly, ["detector", "of", "seeds", *GENERATORS, "false alarms"])
    for told in slowly:
        print(json.dumps({"kind": "gradual", **told}))
    missed = [told for told in bars if told["bar"] == "missed"]
    if options.tune and missed:
        print("\nwhere it missed, with the setting that is level most often; delay, false alarms on the seeds held out")
        contest.table(
            list(tuned(options, figures, texts, missed)),
            ["detector", "against", "setting", "level", "held out", *GENERATORS])
    for library, reason in options.without.items():
        print(f"\n{library} was not compared: {reason}")
