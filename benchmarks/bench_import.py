"""What `import otel_trading` takes, against importing the SDK alone."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

RUNS = 9
SDK = "import opentelemetry.sdk.metrics, opentelemetry.sdk.trace"
OURS = "import otel_trading"


def ratios() -> dict[str, float]:
    """Return the ratio of the medians of processes started in turns, less what an empty one takes."""
    taken: dict[str, list[float]] = {statement: [] for statement in ("pass", SDK, OURS)}
    for _ in range(RUNS):
        for statement, seen in taken.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603
            seen.append(time.perf_counter() - start)
    middle = {statement: statistics.median(seen) for statement, seen in taken.items()}
    return {"import_vs_sdk": (middle[OURS] - middle["pass"]) / (middle[SDK] - middle["pass"])}
