"""`make bench-check` compares ratios with bars; these tests measure nothing."""

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
    for name in ("run", "bars", "peers"):
        del sys.modules[name]


def test_a_ratio_that_misses_its_bar_is_named_with_its_value(run):
    seen = {
        "form": "compiled",
        "ratios": {"record_vs_raw": 249.0, "memory_vs_prometheus": 1.1, "no_bar": 0.0},
    }
    assert run.failures([seen]) == [
        "record_vs_raw: 249.00 in compiled, the bar is ≥ 250",
        "memory_vs_prometheus: 1.10 in compiled, the bar is ≤ 1",
    ]


def test_a_ratio_that_reaches_its_bar_is_not_named(run):
    seen = {"form": "pure Python", "ratios": {"record_vs_raw": 30.0, "lost_updates": 0.0}}
    assert run.failures([seen]) == []


@pytest.fixture
def kept(run, monkeypatch):
    """A bar of 4 that the pure form cannot reach; it holds 6."""
    bar = run.BARS["time_vs_two_clocks"]._replace(pure=4, keeps=(6, None))
    monkeypatch.setitem(run.BARS, "time_vs_two_clocks", bar)


@pytest.mark.usefixtures("kept")
def test_an_unreachable_bar_fails_only_beyond_the_limit_that_replaces_it(run):
    def ratio(number, form="pure Python"):
        return [{"form": form, "ratios": {"time_vs_two_clocks": number}}]

    assert run.failures(ratio(5.9)) == run.failures(ratio(3.9)) == run.misses(ratio(3.9)) == []
    assert run.misses(ratio(5.9)) == [
        f"time_vs_two_clocks: 5.90 in pure Python misses its bar ≤ 4, holds ≤ 6 (why: {run.WHY})"
    ]
    assert run.failures(ratio(6.1)) == [
        "time_vs_two_clocks: 6.10 in pure Python, the limit instead of the bar is ≤ 6"
    ]
    assert run.failures(ratio(1.6, "compiled")) != []


def test_the_page_has_the_reasons_for_missed_bars(run):
    page, _, anchor = run.WHY.partition("#")
    headings = [
        line[3:].lower().replace(",", "").replace(" ", "-")
        for line in (BENCHMARKS.parent / page).read_text(encoding="utf-8").splitlines()
        if line.startswith("## ")
    ]
    assert anchor in headings


def test_every_module_with_ratios_takes_part(run):
    assert {
        "bench_recording",
        "bench_tail",
        "bench_scale",
        "bench_spans",
        "bench_logs",
        "bench_market_data",
        "bench_import",
    } <= {*run.modules()}


def test_an_unknown_form_is_refused():
    command = [sys.executable, BENCHMARKS / "run.py", "--form", "fast"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "'pure', 'compiled'" in done.stderr
