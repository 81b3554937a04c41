"""`make drill`: puts every alert's fault in force on the real stack, and prints how soon somebody heard of it."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from pathlib import Path

from tests.drills import faults, series, table
from tests.drills.conductor import Record, conduct
from tests.drills.stage import stage

ROUNDS = {"P1": faults.P1, "LONG": faults.LONG, "P0": faults.P0}
"""In this order: what P0 loses, P1 would have no money left to lose."""


def main() -> int:
    """Run the rounds that are asked for; exit code 1 if a fault was missed, late, or told more than once."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("rounds", nargs="*", choices=[*ROUNDS, []], help="all of them, if none is named")
    parser.add_argument("--json", type=Path, help="write what was measured here, too")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # in order: the programs are ended
    asked = given.rounds or list(ROUNDS)
    with tempfile.TemporaryDirectory(prefix="drill-") as folder, stage(Path(folder)) as scene:
        record = conduct(scene, [drills for name in asked for drills in ROUNDS[name]])
        _print(record, series.record(scene, record.results))
    if given.json:
        given.json.write_text(json.dumps(table.as_json(record), indent=2) + "\n")
    return 0 if all(result.well for result in record.results) and not record.noise else 1


def _print(record: Record, from_series: dict[str, dict[str, float]]) -> None:
    figures = {**table.figures(record), "series": from_series}
    sys.stdout.write(f"{table.markdown(record.results)}\n{json.dumps(figures, indent=2)}\n")


if __name__ == "__main__":
    sys.exit(main())
