"""Each benchmark runs with small numbers of rounds; the tests ignore the measured times."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

# Reduces the numbers of rounds, which are constants of the modules, before the modules read them.
SMALL = """
import importlib, json, sys
import interleaved, timing
interleaved.ROUNDS = interleaved.CALLS = timing.ROUNDS = timing.SAMPLES = 1
small = {"RECORDS": 10, "RUNS": 1, "CALLS": 100, "DEFAULT_CALLS": 100, "JUDGED": 1_000, "BATCH": 10, "ROUNDS": 1, "PROFILED": 1}
module = importlib.import_module(sys.argv[1])
for name, value in small.items():
    if hasattr(module, name):
        setattr(module, name, value)
if hasattr(module, "where"):
    module.where()
print(json.dumps([module.ratios(), module.spreads() if hasattr(module, "spreads") else {}]))
"""

NAMES = sorted(
    path.stem for path in BENCHMARKS.glob("bench_*.py") if "\ndef ratios(" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", NAMES)
def test_each_benchmark_gives_its_ratios(name):
    done = subprocess.run(
        [sys.executable, "-c", SMALL, name],
        cwd=BENCHMARKS,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    ratios, spreads = json.loads(done.stdout.splitlines()[-1])
    assert ratios
    assert all(math.isfinite(number) for number in ratios.values())
    assert all(len(spread) == 3 for spread in spreads.values())
