"""Run: runs every benchmark in both forms, and prints a table or JSON, or checks the bars.

`python benchmarks/run.py [--json | --check | --docs] [module ...]`. A module is a `bench_*.py` whose
`ratios()` returns `name -> number`; it may have a `spreads()` that returns `name -> Spread`. Each form runs
in a process of its own, one after the other; `--form pure` or `--form compiled` runs one of them.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peers
from bars import BARS, WHY, Bar

HERE = Path(__file__).parent
FORMS = {"pure": "pure Python", "compiled": "compiled"}


def modules() -> list[str]:
    """Return the names of the modules that have ratios."""
    found = sorted(
        path for path in HERE.glob("bench_*.py") if "\ndef ratios(" in path.read_text(encoding="utf-8")
    )
    return [path.stem for path in found]


def measure(names: list[str]) -> dict[str, Any]:
    """Run the named modules in this process and its form.

    Returns:
        "form", "ratios", "spreads" and "absent", the names of the comparisons whose peer is not installed.
    """
    from otel_trading import recording  # noqa: PLC0415 - the parent process must not choose a form

    results: dict[str, Any] = {"form": recording.FORM, "ratios": {}, "spreads": {}, "absent": []}
    for name in names:
        sys.stderr.write(f"{recording.FORM}: {name}\n")
        module = importlib.import_module(name)
        results["ratios"] |= module.ratios()
        for more, gather in (("spreads", dict.update), ("absent", list.extend)):
            if hasattr(module, more):
                gather(results[more], getattr(module, more)())
    return results


def measure_apart(form: str, names: list[str]) -> dict[str, Any]:
    """Run the named modules in a new process, in one form; return the results of `measure`."""
    environment = {**os.environ, "OTEL_TRADING_PURE_PYTHON": str(int(form == "pure"))}
    command = [sys.executable, __file__, "--here", *names]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)  # noqa: S603
    results: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    if results["form"] != FORMS[form]:
        sys.exit("the cells are not compiled: `python hatch_build.py` prints the reason; or use --form pure")
    return results


def judged(runs: list[dict[str, Any]]) -> Iterator[tuple[str, str, float, Bar]]:
    """Yield name, form, ratio and bar of each ratio that has a bar."""
    for run in runs:
        for name, ratio in run["ratios"].items():
            if name in BARS:
                yield name, run["form"], ratio, BARS[name]


def failures(runs: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for each ratio that misses its bar, or the limit that replaces an unreachable bar."""
    sentences = []
    for name, form, ratio, bar in judged(runs):
        kept = bar.kept(form)
        if not bar.is_kept(form, ratio):
            limit = bar.of(form) if kept is None else kept
            reason = "the bar is" if kept is None else "the limit instead of the bar is"
            sentences.append(f"{name}: {ratio:.2f} in {form}, {reason} {bar.limit(limit)}")
    return sentences


def misses(runs: list[dict[str, Any]]) -> list[str]:
    """Return a sentence for each ratio that misses its bar and reaches the limit that replaces it."""
    return [
        f"{name}: {ratio:.2f} in {form} misses its bar {bar.text(form)}, holds {bar.limit(kept)} (why: {WHY})"
        for name, form, ratio, bar in judged(runs)
        if not bar.is_held(form, ratio) and bar.is_kept(form, ratio) and (kept := bar.kept(form)) is not None
    ]


def table(runs: list[dict[str, Any]]) -> str:
    """Return the results as a table for a terminal."""
    lines = []
    for run in runs:
        lines.append(f"\n{run['form']:42s} {'ratio':>10s} {'bar':>8s}")
        for name, ratio in run["ratios"].items():
            bar = BARS[name].text(run["form"]) if name in BARS else ""
            missed = name in BARS and not BARS[name].is_held(run["form"], ratio)
            lines.append(f"{name:42s} {ratio:10.2f} {bar:>8s}{'  missed' if missed else ''}")
        lines.append(f"{'':42s} {'median ns':>10s} {'p99':>8s} {'p99.9':>8s}")
        lines += [f"{name:42s} {s[0]:10.1f} {s[1]:8.0f} {s[2]:8.0f}" for name, s in run["spreads"].items()]
        lines += [f"not installed: {name}" for name in run["absent"]]
    return "\n".join(lines)


def main() -> int:
    """Measure and report; with `--check`, return 1 if a ratio misses its bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("modules", nargs="*", help=f"some of {', '.join(modules())} (default: all)")
    parser.add_argument("--form", choices=FORMS, help="one form instead of both")
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print name -> ratio, per form")
    output.add_argument("--check", action="store_true", help="fail if a ratio misses its bar")
    output.add_argument(
        "--docs", action="store_true", help="write the tables and charts of docs/reference/performance.md"
    )
    output.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    names = given.modules or modules()
    if given.here:
        sys.path.append(str(peers.FOLDER))
        print(json.dumps(measure(names)))
        return 0
    runs = [measure_apart(form, names) for form in ([given.form] if given.form else FORMS)]
    if given.json:
        print(json.dumps({run["form"]: run["ratios"] for run in runs}, indent=2))
    else:
        print(table(runs))
    if given.docs:
        from report import write  # noqa: PLC0415 - it needs matplotlib, which the other runs do not

        write(runs)
    if not given.check:
        return 0
    failed = failures(runs)
    print("\n".join([*misses(runs), *failed]), file=sys.stderr)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
