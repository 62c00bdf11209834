"""The libraries that `drift.py` and `windows.py` compare with: brought, and what keeps one from being compared. Needs none of them."""

import importlib
import os
import subprocess
import venv

REQUIREMENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "requirements-drift.txt")


def install(folder, requirements=REQUIREMENTS):
    """Makes a virtual environment with what `requirements-drift.txt` or another list asks for, a line at a time: its python.

    One after the other, because Frouros asks for an older numpy than River, and runs with River's. What can't be
    installed is told; the measurement then goes on without it.
    """
    python = os.path.join(folder, "bin", "python")
    if not os.path.exists(python):
        venv.create(folder, with_pip=True)
    with open(requirements) as lines:
        wanted = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    for package in wanted:
        pip = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", package], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        if pip.returncode != 0:
            print(f"{package} could not be installed:\n{pip.stdout.strip()}", flush=True)
    return python


def missing():
    """{library: why it can't be compared}"""
    reasons = {}
    for library, module in (("river", "river.drift"), ("frouros", "frouros.detectors.concept_drift")):
        try:
            importlib.import_module(module)
        except Exception as error:  # An extension built for another numpy fails with more than ImportError.
            reasons[library] = f"{type(error).__name__}: {error}"
    return reasons
