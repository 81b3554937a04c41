"""Venue: connect the market, the desk and the feed of one run."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from trading_system.venue.desk import Desk
from trading_system.venue.faults import Fault, Faults
from trading_system.venue.feed import Outbox, TickFeed
from trading_system.venue.gate import Gate
from trading_system.venue.replay import Replay
from trading_system.venue.ticks import Tick, moved
from trading_system.venue.wire import Json

# Seconds. Ticks that are due within one pause are sent in one message.
PAUSE = 0.005
TURN = 64


@dataclass
class Source:
    """The source of the ticks.

    Args:
        symbols: The symbols of the market.
        ticks: Pairs of the seconds since the market's start and the tick.
        replay: The counts of the replayed lines; None for a simulated market.
    """

    symbols: Sequence[str]
    ticks: Iterator[tuple[float, Tick]]
    replay: Replay | None = None


@dataclass(frozen=True)
class ClientCredentials:
    """The key and the secret that clients have to present."""

    key_id: str
    secret_key: str = field(repr=False)


class SimulatedVenue:
    """One run of the venue. Create it inside a running event loop, whose clock times the faults."""

    def __init__(self, source: Source, credentials: ClientCredentials) -> None:
        loop = asyncio.get_running_loop()
        self.source = source
        self.credentials = credentials
        self.faults = Faults(loop.time)
        self.feed = TickFeed(self.faults)
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
        """Start the ticks, from the point where they stopped."""
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
        """Activate a fault, and apply its immediate effect."""
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
        """Return the counts of ticks, orders, fills, requests and replayed lines."""
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
            while (wait := opened + elapsed - loop.time()) > 0:  # noqa: ASYNC110 - the sleep sets the pace of the ticks
                await asyncio.sleep(max(wait, PAUSE))
            if turn % TURN == 0:
                await asyncio.sleep(0)
            self._reached = elapsed
            self._publish(tick)
            self._next = next(self.source.ticks, None)

    def _publish(self, tick: Tick) -> None:
        """Apply a tick to the books, and then publish it."""
        if self._moves and self.faults.active("adverse_move"):
            tick = moved(tick, self._moves.get(tick.symbol, 0))
        self.desk.apply(tick)
        self.feed.publish(tick)

    def _report(self, update: Json) -> None:
        message = json.dumps(update).encode()
        for outbox in self.listeners:
            if not outbox.put("trade_updates", message):
                self.updates_lost += 1
