"""What `make bench-check` makes of the ratios; nothing is measured here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"


@pytest.fixture
def run(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import run

    yield run
    for name in ("run", "bars"):
        del sys.modules[name]


def test_a_ratio_below_its_bar_is_named_with_what_was_seen(run):
    seen = {"form": "compiled", "ratios": {"record_vs_raw": 249.0, "time_vs_two_clocks": 1.6, "no_bar": 0.0}}
    assert run.failures([seen]) == [
        "record_vs_raw: 249.00 in compiled, the bar is ≥ 250",
        "time_vs_two_clocks: 1.60 in compiled, the bar is ≤ 1.5",
    ]


def test_a_ratio_that_reaches_its_bar_is_not(run):
    seen = {"form": "pure Python", "ratios": {"record_vs_raw": 30.0, "lost_updates": 0.0}}
    assert run.failures([seen]) == []


def test_every_module_with_ratios_takes_part(run):
    assert {"bench_recording", "bench_tail", "bench_scale", "bench_market_data", "bench_import"} <= {
        *run.modules()
    }


def test_an_unknown_form_is_refused():
    command = [sys.executable, BENCHMARKS / "run.py", "--form", "fast"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "'pure', 'compiled'" in done.stderr
