"""What `drift.py` makes of alarms: delays and rates with their intervals, differences seed by seed, and the bar."""

import numpy as np

from drift_streams import CHANGE, STILL, WITHIN

# Ours may take this much longer than the best that raises no more false alarms.
SLOWER_MAX = 1.1
SAMPLES = 2000


class Figures:
    """A detector over the streams of one generator, a number a seed."""

    def __init__(self, alarms, speed):
        self.alarms, self.speed = alarms, speed
        self.late = {kind: delays(each) for kind, each in alarms.items() if kind != "none"}
        self.false = np.array([1e4 * len(each) / STILL for each in alarms["none"]])

    def part(self, places):
        return Figures({kind: each[places] for kind, each in self.alarms.items()}, self.speed)

    @property
    def seeds(self):
        return len(self.false)

    @property
    def delay(self):
        return float(np.median(self.late["abrupt"]))

    @property
    def rate(self):
        """False alarms in 10,000 values."""
        return float(self.false.mean())

    def found(self, kind):
        return float((self.late[kind] < WITHIN).mean())


def delays(alarms):
    """Of each seed; WITHIN: not found by then."""
    return np.array([min([a - CHANGE for a in each if a >= CHANGE] + [WITHIN]) for each in alarms])


def interval(values, of):
    """95 % of what `of` is of as many values, drawn by chance."""
    picks = np.random.default_rng(1).integers(0, len(values), (SAMPLES, len(values)))
    return np.percentile(of(values[picks], axis=1), [2.5, 97.5]).tolist()


def share_interval(hits):
    """95 % of a share: Wilson's."""
    share, width = float(np.mean(hits)), 1.96**2 / len(hits)
    reach = 1.96 * (share * (1 - share) / len(hits) + width / len(hits) / 4) ** 0.5
    return max(0.0, (share + width / 2 - reach) / (1 + width)), min(1.0, (share + width / 2 + reach) / (1 + width))


def row(method, stream, library, figures, ours=None):
    """What is told of a detector on the streams of a generator; `ours`: the one of ours that it is paired with."""
    generator, kind = stream
    late = figures.late[kind]
    told = {
        "detector": method, "stream": f"{generator} {kind}", "of": library, "seeds": figures.seeds,
        "found": figures.found(kind), "delay": float(np.median(late)), "delay interval": interval(late, np.median),
        "false alarms": figures.rate, "false alarms interval": interval(figures.false, np.mean),
        "values/s": figures.speed,
    }
    if ours:
        later = ours.late[kind][: figures.seeds] - late
        more = ours.false[: figures.seeds] - figures.false
        told |= {
            "later": float(np.median(later)), "later interval": interval(later, np.median),
            "more": float(more.mean()), "more interval": interval(more, np.mean),
        }
    return told


def is_level(ours, rival):
    """Whether ours is no more than a tenth later, and not certain to raise more false alarms."""
    mine = ours.part(slice(rival.seeds))
    return mine.delay <= SLOWER_MAX * max(rival.delay, 1) and interval(mine.false - rival.false, np.mean)[0] <= 0


def verdict(ours, rivals):
    """(whether ours is within the bar, the nearest or best rival: ratio, name, both figures); `rivals`: {name: figures}.

    A rival counts unless it certainly raises more false alarms than ours, seed by seed. The bar is missed where one that
    counts is faster by more than a tenth, and where one is as fast with certainly fewer.
    """
    best, is_met = None, True
    for name, rival in rivals.items():
        mine = ours.part(slice(rival.seeds))
        low, high = interval(mine.false - rival.false, np.mean)
        if high < 0:
            continue
        ratio = mine.delay / max(rival.delay, 1)
        is_beaten = ratio > SLOWER_MAX or low > 0 and ratio >= 1
        if best is None or (is_beaten, ratio) > (not is_met, best[0]):
            best, is_met = (ratio, name, mine, rival), not is_beaten
    return is_met, best
