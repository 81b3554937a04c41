"""The loop without telemetry does the same work as the loop of the example."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

BOTH = """
import asyncio, logging
import bench_market_data as bench
sent = {}

async def one_batch(telemetry):
    with bench.publisher() as socket:
        for kind in (bench.BareMarketData, bench.MarketData):
            loop, frames = bench.Loop(kind, socket), []
            loop.market_data._socket = type("Socket", (), {"send_multipart": lambda self, *a: frames.append(a)})()
            await loop.run()
            sent[kind] = [(topic, bench.msgpack.unpackb(body)[:-1], flags) for (topic, body, *_), flags in frames]

with bench.configured(traces_exporters="none") as telemetry:
    asyncio.run(one_batch(telemetry))
assert len(sent[bench.BareMarketData]) == bench.BATCH
assert sent[bench.BareMarketData] == sent[bench.MarketData]
"""


def test_both_loops_publish_the_same_ticks():
    done = subprocess.run(
        [sys.executable, "-c", BOTH], cwd=BENCHMARKS, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
