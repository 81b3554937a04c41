"""Runs the drills on the real stack, and prints how soon each alert fired: `make drill`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tools.drills import faults, series, table
from tools.drills.conductor import Record, conduct
from tools.drills.stage import stage

ROUNDS = {"P1": faults.P1, "LONG": faults.LONG, "P0": faults.P0}
"""The rounds in order. P0 comes last, since its losses would leave no money for the drills of P1."""


def main() -> int:
    """Run the chosen rounds; the exit code is 1 if an alert was missed, late, or sent more than once."""
    parser = argparse.ArgumentParser(prog="python -m tools.drills", description=__doc__)
    parser.add_argument("rounds", nargs="*", choices=[*ROUNDS, []], help="default: all of them")
    parser.add_argument("--json", type=Path, help="write the results to this file, too")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the stage then stops its programs
    chosen = given.rounds or list(ROUNDS)
    with tempfile.TemporaryDirectory(prefix="drill-") as folder, stage(Path(folder)) as scene:
        record = conduct(scene, [drills for name in chosen for drills in ROUNDS[name]])
        _print(record, series.record(scene, record.results))
    if given.json:
        given.json.write_text(json.dumps(table.as_json(record), indent=2) + "\n")
    return 0 if all(result.passed for result in record.results) and not record.noise else 1


def _print(record: Record, from_series: dict[str, dict[str, float]]) -> None:
    figures = {**table.figures(record), "series": from_series}
    sys.stdout.write(f"{table.markdown(record.results)}\n{json.dumps(figures, indent=2)}\n")


if __name__ == "__main__":
    sys.exit(main())
