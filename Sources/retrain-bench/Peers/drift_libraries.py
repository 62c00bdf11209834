"""The peers of `drift.py`: the detectors of each library, and the alarms that they raise."""

import copy
import functools
import time

import numpy as np

# Detectors by method; the first four are ours too. Frouros's BOCD is left out: it takes 35 ms a value.
RIVER = {
    "adwin": "ADWIN", "page_hinkley": "PageHinkley", "kswin": "KSWIN", "ddm": "binary.DDM", "eddm": "binary.EDDM",
    "hddm_a": "binary.HDDMA", "hddm_w": "binary.HDDMW",
}
FROUROS = {
    "adwin": "ADWIN", "page_hinkley": "PageHinkley", "kswin": "KSWIN", "ddm": "DDM", "eddm": "EDDM", "hddm_a": "HDDMA",
    "hddm_w": "HDDMW", "rddm": "RDDM", "ecdd": "ECDDWT", "stepd": "STEPD", "cusum": "CUSUM",
    "moving_average": "GeometricMovingAverage",
}
PEERS = {"river": RIVER, "frouros": FROUROS}
# A test over the whole window with every value.
SLOW = {("river", "kswin"), ("frouros", "kswin"), ("frouros", "stepd")}


class River:
    def __init__(self, name, seed):
        from river import drift

        settings = {"seed": seed} if name == "kswin" else {}
        self.detector = functools.reduce(getattr, RIVER[name].split("."), drift)(**settings)

    def add(self, value):
        """Whether it raises an alarm."""
        self.detector.update(value)
        return self.detector.drift_detected


class Frouros:
    def __init__(self, name, seed):
        from frouros.detectors import concept_drift

        np.random.seed(seed)
        self.detector = getattr(concept_drift, FROUROS[name])()

    def add(self, value):
        self.detector.update(value=value)
        if not self.detector.status["drift"]:
            return False
        self.detector.reset()
        return True


def alarms_of(detector, values, first, until_alarm):
    alarms = []
    for index, value in enumerate(values, first):
        if detector.add(value):
            alarms.append(index)
            if until_alarm:
                break
    return alarms, index + 1 - first


def peer_run(task):
    """A peer over the streams of one generator: {kind: alarms of each seed}, values a second.

    The streams of a seed are the same up to the change: one detector goes that way, and its copies go on, on a stream
    that changes up to the first alarm.
    """
    library, name, streams, seeds, change = task
    found, count = {kind: [] for kind in streams}, 0
    start = time.process_time()
    for place, seed in enumerate(seeds):
        values = {kind: made[place].tolist() for kind, made in streams.items()}
        detector = {"river": River, "frouros": Frouros}[library](name, seed)
        before, seen = alarms_of(detector, values["none"][:change], 0, False)
        count += seen
        for kind in streams:
            after, seen = alarms_of(copy.deepcopy(detector), values[kind][change:], change, kind != "none")
            found[kind].append(before + after)
            count += seen
    return found, count / (time.process_time() - start)
