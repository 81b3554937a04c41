"""What telemetry adds to the example's market-data loop at full speed, and where that goes.

A message goes the way it does in the service: decoded from the bytes of the broker's stream, dispatched by
the broker's client to the handler, applied to the book, and published on a ZeroMQ socket (nobody subscribes,
so that nobody else's work is measured). The other loop has the same handler without its telemetry.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import msgpack
import zmq
import zmq.asyncio
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from timing import Spread
from timing import spreads as spreads_of

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

import instruments
from trading_system.market_data import MarketData, Stream
from trading_system.messages import pack
from trading_system.settings import Settings

import otel_trading as ot
from otel_trading import tracing

MESSAGES = 50
ROUNDS = 100
SAMPLED = 0.1
"""The share of ticks that is traced, as in a replayed day of the demo."""


class Bare(MarketData):
    """The same handler without telemetry."""

    async def on_quote(self, message: Any) -> None:
        """Apply a quote to its book, and publish the top of the book."""
        received_ns = time.time_ns()
        if not message["bp"] and not message["ap"]:
            return
        book = self._books[message["S"]]
        book.quote(message)
        if book.violation:
            return
        frames = [book.symbol.encode(), pack(book.top(received_ns))]
        await self._socket.send_multipart(frames, zmq.NOBLOCK)


def wire(symbol: str, first: int) -> list[bytes]:
    """Return the broker's frames of `MESSAGES` quotes, numbered from `first`."""
    now = time.time_ns()
    stamp = msgpack.Timestamp(now // 10**9, now % 10**9)
    quote = {"T": "q", "S": symbol, "bp": 99.9, "bs": 2, "ap": 100.1, "as": 3, "t": stamp}
    return [msgpack.packb([quote | {"n": first + number}]) for number in range(MESSAGES)]


async def loop(kind: type[MarketData], settings: Settings, rounds: int) -> list[float]:
    """Return the nanoseconds per message of each round."""
    feed = ot.Feed(f"sip-{kind.__name__}")
    context = zmq.asyncio.Context()
    socket = context.socket(zmq.XPUB)
    socket.bind("inproc://ticks")
    market_data, stream = kind(settings, feed, socket), Stream(settings, feed)
    stream.subscribe_quotes(market_data.on_quote, *settings.symbols)
    taken = []
    for number in range(rounds):
        frames = wire(settings.symbols[0], 1 + number * MESSAGES)
        gc.collect()
        start = time.perf_counter_ns()
        for frame in frames:
            for message in msgpack.unpackb(frame):
                await stream._dispatch(message)
        taken.append((time.perf_counter_ns() - start) / MESSAGES)
    context.destroy(linger=0)
    return taken


@functools.cache
def measured() -> dict[str, float]:
    """Return the median nanoseconds per message of both loops, run in turns."""
    instruments.attached()
    settings = Settings.from_environ({})
    taken: dict[str, list[float]] = {"without telemetry": [], "with tracing off": [], "with telemetry": []}
    for _ in range(ROUNDS):
        tracing.detach()
        taken["without telemetry"] += asyncio.run(loop(Bare, settings, 1))
        taken["with tracing off"] += asyncio.run(loop(MarketData, settings, 1))
        _trace()
        taken["with telemetry"] += asyncio.run(loop(MarketData, settings, 1))
    return {name: statistics.median(seen) for name, seen in taken.items()}


def _trace() -> None:
    tracing.attach(TracerProvider(ParentBased(TraceIdRatioBased(SAMPLED)), shutdown_on_exit=False), "bench")


@functools.cache
def spreads() -> dict[str, Spread]:
    """Return where it goes: each call that the handler makes for telemetry, by itself."""
    instruments.attached()
    _trace()
    names = {
        "feed": ot.Feed("parts"),
        "ticks": ot.Channel("ticks"),
        "frames": [b"AAPL", b"0" * 60],
        "now": time.time_ns(),
    }
    parts = {
        "feed.received": "feed.received('quote', exchange_time_ns=now)",
        "with feed.process": "\n  with feed.process('quote'):\n   pass",
        "with feed.book_update": "\n  with feed.book_update():\n   pass",
        "with ticks.send": "\n  with ticks.send(frames):\n   pass",
    }
    whole = {f"market-data loop {name}": Spread(ns, ns, ns) for name, ns in measured().items()}
    return whole | spreads_of(parts, names)


def ratios() -> dict[str, float]:
    """Return the loop with telemetry in terms of the one without."""
    taken = measured()
    bare = taken["without telemetry"]
    return {
        "market_data_loop": taken["with telemetry"] / bare,
        "market_data_loop_untraced": taken["with tracing off"] / bare,
    }
