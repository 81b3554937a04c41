"""Cost of the local page: `python benchmarks/bench_viewer.py [rounds]`.

It runs the example at a fixed tick rate, in turns without export and with all telemetry exported to
`otel-trading view`, and measures CPU and memory of the viewer process.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil
import requests

ROOT: Final = Path(__file__).parents[1]
SECONDS: Final = 12
RATE: Final = 400
PORTS: Final = ("8499", "4399", "4398")


def trade(**environ: str) -> float:
    """Run the example, and return how many ticks per second the venue sent."""
    run = subprocess.run(  # noqa: S603 - our own example
        [
            sys.executable,
            "-m",
            "trading_system.run",
            "--seconds",
            str(SECONDS),
            "--rate",
            str(RATE),
            "--no-faults",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "examples"), **environ},
        capture_output=True,
        text=True,
        check=False,  # on a busy machine it may end late, but its counts are valid
    )
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    last = [line for line in lines if line.get("message") == "counts"][-1]
    return float(last["counts"]["ticks"]["sent"] / last["elapsed"])


@contextmanager
def viewing() -> Iterator[tuple[psutil.Process, float]]:
    """Run the viewer, and yield its process and the seconds until its page answered."""
    page, grpc, http = PORTS
    program = str(Path(sys.executable).with_name("otel-trading"))
    begin = time.perf_counter()
    viewer = subprocess.Popen(  # noqa: S603 - our own program
        [program, "view", "--port", page, "--otlp-grpc", grpc, "--otlp-http", http], stdout=subprocess.DEVNULL
    )
    while True:
        try:
            requests.get(f"http://127.0.0.1:{page}/", timeout=10).raise_for_status()
            break
        except requests.ConnectionError:
            time.sleep(0.01)
    try:
        yield psutil.Process(viewer.pid), time.perf_counter() - begin
    finally:
        viewer.terminate()
        viewer.wait()


def cpu(process: psutil.Process) -> float:
    """Return the CPU seconds that a process has used."""
    return float(sum(process.cpu_times()[:2]))


def main() -> None:
    """Run the benchmark, and print the results."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    to_viewer = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{PORTS[2]}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    with viewing() as (viewer, answered):
        empty, alone, watched, used = viewer.memory_info().rss, [], [], []
        for _ in range(rounds):
            alone.append(trade(OTEL_TRADING_EXPORTERS="none"))
            before = cpu(viewer)
            watched.append(trade(**to_viewer))
            used.append((cpu(viewer) - before) / SECONDS)
        print(f"page answers after        {answered:.2f} s")
        print(f"memory, empty and after   {empty / 1e6:.0f} MB, {viewer.memory_info().rss / 1e6:.0f} MB")
        print(f"CPU while it receives     {statistics.median(used):.1%} of a core, no page open")
    print(f"ticks/s without export     {', '.join(f'{rate:.0f}' for rate in alone)}")
    print(f"ticks/s with the viewer    {', '.join(f'{rate:.0f}' for rate in watched)}")


if __name__ == "__main__":
    main()
