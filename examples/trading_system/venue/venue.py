"""Venue: the market, the desk and the feed of one run, wired together."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from trading_system.venue.desk import Desk
from trading_system.venue.faults import Fault, Faults
from trading_system.venue.feed import Feed, Outbox
from trading_system.venue.gate import Gate
from trading_system.venue.replay import Replay
from trading_system.venue.ticks import Tick, moved
from trading_system.venue.wire import Json

# Ticks that fall due within one pause travel in one message.
PAUSE = 0.005
TURN = 64


@dataclass
class Source:
    """Where ticks come from.

    Args:
        symbols: What is traded.
        ticks: Seconds since the market's start, and the tick.
        replay: The account of the lines, where ticks are replayed.
    """

    symbols: Sequence[str]
    ticks: Iterator[tuple[float, Tick]]
    replay: Replay | None = None


@dataclass(frozen=True)
class Credentials:
    """The key and the secret that clients have to show."""

    key_id: str
    secret_key: str = field(repr=False)


class Venue:
    """One run of the venue; made inside a running event loop, whose clock its faults follow."""

    def __init__(self, source: Source, credentials: Credentials) -> None:
        loop = asyncio.get_running_loop()
        self.source = source
        self.credentials = credentials
        self.faults = Faults(loop.time)
        self.feed = Feed(self.faults)
        self.desk = Desk(source.symbols, self.faults, self._report)
        self.gate = Gate(self.faults)
        self.listeners: set[Outbox] = set()
        self.dropped = asyncio.Event()
        self.refused: Counter[str] = Counter()
        self.orders_refused = 0
        self.updates_lost = 0
        self.market = "waiting"
        self._moves: dict[str, int] = {}
        self._next = next(source.ticks, None)
        self._reached = 0.0
        self._session: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Open the market at the first subscription to market data."""
        await self.feed.first_subscription.wait()
        if self.market == "waiting":
            self.open_market()

    def open_market(self) -> None:
        """Let ticks flow, from where they stopped."""
        if self.market != "running":
            self.market, self.desk.is_closed = "running", False
            self._session = asyncio.create_task(self._trade())

    def close_market(self) -> None:
        """Stop the ticks and expire the open orders."""
        if self._session is not None:
            self._session.cancel()
        self.market, self.desk.is_closed = "stopped", True
        self.desk.expire_all()

    def activate(self, request: Json) -> Fault:
        """Put a fault in force, with what it does at once."""
        fault = self.faults.activate(request)
        if fault.name == "refuse_connections":
            self.gate.refuse()
        elif fault.name == "drop_connections":
            self.dropped.set()
            self.dropped = asyncio.Event()
        elif fault.name == "adverse_move":
            self._moves = self.desk.account.adverse_moves(fault.parameters["bps"])
        return fault

    def clear_faults(self) -> None:
        """End every fault."""
        self.faults.clear()
        self.gate.release()

    def counts(self) -> Json:
        """The account of ticks, orders and replayed lines."""
        counts: dict[str, Any] = {
            "ticks": self.feed.counts(),
            "orders": {
                **self.desk.counts(),
                "refused": self.orders_refused,
                "updates_lost": self.updates_lost,
            },
            "fills": self.desk.fills(),
            "requests": {"refused_by_status": dict(self.refused)},
        }
        if self.source.replay is not None:
            counts["replay"] = self.source.replay.counts()
        return counts

    async def _trade(self) -> None:
        loop = asyncio.get_running_loop()
        opened = loop.time() - self._reached
        for turn in count():
            if self._next is None:
                self.close_market()
                return
            elapsed, tick = self._next
            while (wait := opened + elapsed - loop.time()) > 0:  # noqa: ASYNC110  (the wait is the pace)
                await asyncio.sleep(max(wait, PAUSE))
            if turn % TURN == 0:
                await asyncio.sleep(0)
            self._reached = elapsed
            self._publish(tick)
            self._next = next(self.source.ticks, None)

    def _publish(self, tick: Tick) -> None:
        """Let a tick reach the books, and then the feed."""
        if self._moves and self.faults.active("adverse_move"):
            tick = moved(tick, self._moves.get(tick.symbol, 0))
        self.desk.apply(tick)
        self.feed.publish(tick)

    def _report(self, update: Json) -> None:
        message = json.dumps(update).encode()
        for outbox in self.listeners:
            if not outbox.put("trade_updates", message):
                self.updates_lost += 1
