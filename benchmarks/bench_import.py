"""Processor time of `import otel_trading`, against an import of the SDK alone."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

RUNS = 15
SDK = "import opentelemetry.sdk.metrics, opentelemetry.sdk.trace"
OURS = "import otel_trading"


def ratios() -> dict[str, float]:
    """Return the ratio of the medians over processes in turns, less the time of an empty process."""
    taken: dict[str, list[float]] = {statement: [] for statement in ("pass", SDK, OURS)}
    for _ in range(RUNS):
        for statement, seen in taken.items():
            start = _children()
            subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603
            seen.append(_children() - start)
    middle = {statement: statistics.median(seen) for statement, seen in taken.items()}
    return {"import_vs_sdk": (middle[OURS] - middle["pass"]) / (middle[SDK] - middle["pass"])}


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
