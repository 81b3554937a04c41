"""Cost of telemetry in the example's market-data loop at full speed, and its distribution over the code.

A message takes the same path as in the service: the broker's client unpacks it from a batch, as the venue
sends them at full speed, and passes it to the example's handler, which applies it to the book and publishes
it on a ZeroMQ socket. The socket has no subscriber, so that no other work is measured. The other loop has the
same handler without telemetry. Both are set up once and take turns. The benchmark compares the processor time
of the thread that runs the loop.
"""

from __future__ import annotations

import asyncio
import functools
import gc
import logging
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import msgpack
import zmq
import zmq.asyncio
from timing import Spread
from timing import spreads as spreads_of

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

from trading_system.market_data import MarketData, Stream
from trading_system.messages import pack
from trading_system.order_book import OrderBook
from trading_system.settings import SystemSettings

import otel_trading as ot
from otel_trading.pipeline.deliver.wire import Answer, Verdict
from otel_trading.pipeline.setup import exporters

BATCH = 500
"""Messages in one frame of the venue at full speed."""

WARM_UP = 5
ROUNDS = 40
VARIANTS = {
    "one trace in ten": {"sample_ratio": 0.1},  # the setting of `otel-trading demo --replay`
    "every trace": {},
    "no traces": {"traces_exporters": "none"},
}


class BareMarketData(MarketData):
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
        self._publish(book, received_ns)

    def _publish(self, book: OrderBook, received_ns: int) -> None:
        frames = [book.symbol.encode(), pack(book.top(received_ns))]
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.Again:
            return


class EndOfBatch(Exception):  # noqa: N818 - it ends the client's loop and is not an error
    """The batch is used up."""


class OneBatch:
    """A WebSocket that returns one batch and then raises `EndOfBatch`."""

    def __init__(self, batch: bytes) -> None:
        self._batches = [batch]

    async def recv(self) -> bytes:
        """Return the batch."""
        if not self._batches:
            raise EndOfBatch
        return self._batches.pop()


class Loop:
    """One market-data service, from the broker's client to the socket that it publishes on."""

    def __init__(self, kind: type[MarketData], socket: zmq.asyncio.Socket) -> None:
        self._settings = SystemSettings.from_environ({})
        feed = ot.Feed(f"sip-{kind.__name__}")
        self.market_data, self._stream = kind(self._settings, feed, socket), Stream(self._settings, feed)
        self._stream.subscribe_quotes(self.market_data.on_quote, *self._settings.symbols)
        self._sequence = count(1)

    async def run(self) -> float:
        """Handle one batch, and return nanoseconds per message."""
        self._stream._ws = OneBatch(self._batch())
        gc.collect()
        started = time.thread_time_ns()
        try:
            await self._stream._consume()
        except EndOfBatch:
            return (time.thread_time_ns() - started) / BATCH

    def _batch(self) -> bytes:
        now, symbols = time.time_ns(), self._settings.symbols
        stamp = msgpack.Timestamp(now // 10**9, now % 10**9)
        quote = {"T": "q", "bp": 99.9, "bs": 2, "ap": 100.1, "as": 3, "t": stamp}
        messages = [
            {**quote, "S": symbols[number % len(symbols)], "n": next(self._sequence)}
            for number in range(BATCH)
        ]
        packed: bytes = msgpack.packb(messages)
        return packed


class EncodedOnly:
    """A wire that accepts every encoded request at once and sends nothing."""

    largest = 4 * 1024 * 1024

    def send(self, payload: bytes, timeout: float) -> Answer:  # noqa: ARG002
        """Accept one encoded request."""
        return Answer(Verdict.DELIVERED)

    def close(self) -> None:
        """Do nothing: there is nothing to close."""


@contextmanager
def configured(**settings: Any) -> Iterator[ot.Telemetry]:
    """Configure telemetry like the example; exported items are encoded and sent nowhere."""
    exporters._wire = lambda signal, settings: EncodedOnly()  # type: ignore[assignment]  # noqa: ARG005
    logging.getLogger("otel_trading").setLevel(logging.ERROR)  # it warns of a second `configure`
    with ot.configure("market-data", json_logs=False, **settings) as telemetry:
        yield telemetry


@contextmanager
def publisher() -> Iterator[zmq.asyncio.Socket]:
    """Yield a socket like that of the service."""
    context = zmq.asyncio.Context()
    socket = context.socket(zmq.XPUB)
    socket.bind("inproc://ticks")
    yield socket
    context.destroy(linger=0)


async def in_turns(telemetry: ot.Telemetry) -> dict[type[MarketData], float]:
    """Return the median nanoseconds per message, without and with telemetry."""
    taken: dict[type[MarketData], list[float]] = {BareMarketData: [], MarketData: []}
    with publisher() as socket:
        loops = {kind: Loop(kind, socket) for kind in taken}
        for number in range(WARM_UP + ROUNDS):
            for kind, loop in loops.items():
                spent = await loop.run()
                telemetry.flush(30)
                if number >= WARM_UP:
                    taken[kind].append(spent)
    return {kind: statistics.median(seen) for kind, seen in taken.items()}


@functools.cache
def measured() -> dict[str, dict[type[MarketData], float]]:
    """Return the costs of both handlers, by the share of sampled traces."""
    found = {}
    for variant, settings in VARIANTS.items():
        with configured(**settings) as telemetry:
            found[variant] = asyncio.run(in_turns(telemetry))
    return found


PARTS = {
    "feed.received": "feed.received('quote', exchange_time_ns=now)",
    "with feed.process": "\n  with feed.process('quote'):\n   pass",
    "with feed.book_update": "\n  with feed.book_update():\n   pass",
    "with ticks.send": "\n  with ticks.send(frames):\n   pass",
}
"""Every telemetry call of the handler."""


@functools.cache
def spreads() -> dict[str, Spread]:
    """Return the costs of both loops and of each telemetry call, with one trace in ten sampled."""
    loops = measured()["one trace in ten"]
    whole = {
        "market-data loop without telemetry": Spread(*[loops[BareMarketData]] * 3),
        "market-data loop": Spread(*[loops[MarketData]] * 3),
    }
    frames = [b"AAPL", b"0" * 60]
    names = {"feed": ot.Feed("parts"), "ticks": ot.Channel("ticks"), "frames": frames, "now": time.time_ns()}
    with configured(**VARIANTS["one trace in ten"]):
        return whole | spreads_of(PARTS, names)


PLACES = {
    "otel_trading/instruments": "instruments, and the compiled cells they record into",
    "otel_trading/recording": "cells in Python",
    "otel_trading/tracing": "spans",
    "otel_trading/propagation": "the trace context in a frame",
    "otel_trading/pipeline": "queue of ended spans",
    "otel_trading": "guards, attributes",
    "opentelemetry": "OpenTelemetry's API and SDK",
    "zmq": "ZeroMQ",
    "enum.py": "ZeroMQ's flags, which are enums",
    "alpaca": "the broker's client",
    "msgpack": "MessagePack",
    "trading_system": "the example itself",
}
"""The owner of the code in a file, by part of its path; the first match counts."""

PROFILED = 150
_SAMPLE_S = 0.0005


def frames_above(frame: FrameType | None) -> Iterator[CodeType]:
    """Yield the code of a frame and of all its callers."""
    while frame is not None:
        yield frame.f_code
        frame = frame.f_back


def place_of(code: CodeType) -> str | None:
    """Return the entry of `PLACES` for some code, or None, for example for the standard library."""
    return next((name for part, name in PLACES.items() if part in code.co_filename), None)


def where() -> dict[str, float]:
    """Return the shares of the loop's processor time by the owner of the code, sampled every 0.5 ms."""
    seen: Counter[str] = Counter()

    def sample(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        stack = list(frames_above(frame))
        if any(code.co_name == "_consume" for code in stack):  # else the benchmark itself runs
            seen[next(filter(None, map(place_of, stack)))] += 1

    async def profile(telemetry: ot.Telemetry) -> None:
        with publisher() as socket:
            loop = Loop(MarketData, socket)
            for number in range(WARM_UP + PROFILED):
                if number == WARM_UP:
                    seen.clear()
                await loop.run()
                telemetry.flush(30)

    previous = signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, _SAMPLE_S, _SAMPLE_S)
    with configured(**VARIANTS["one trace in ten"]) as telemetry:
        asyncio.run(profile(telemetry))
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.signal(signal.SIGPROF, previous)
    return {place: number / seen.total() for place, number in seen.most_common()}


def ratios() -> dict[str, float]:
    """Return the ratios of the loop with telemetry to the loop without."""
    ratio = {variant: costs[MarketData] / costs[BareMarketData] for variant, costs in measured().items()}
    return {
        "market_data_loop": ratio["one trace in ten"],
        "market_data_loop_every_trace": ratio["every trace"],
        "market_data_loop_no_traces": ratio["no traces"],
    }
