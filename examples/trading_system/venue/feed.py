"""Feed: number the ticks, and queue them for the connections that subscribed to them."""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from itertools import count
from typing import Any

from trading_system.venue.faults import Faults
from trading_system.venue.ticks import CENT, Quote, Tick
from trading_system.venue.wire import tick_message

OUTBOX_LIMIT = 20_000
BATCH_LIMIT = 500
CHANNELS = ("trades", "quotes")


class Outbox:
    """The messages that wait for one connection, at most `limit` of them."""

    def __init__(self, limit: int = OUTBOX_LIMIT) -> None:
        self._limit = limit
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._filled = asyncio.Event()

    def put(self, label: str, message: bytes) -> bool:
        """Add a message; return False if the outbox is full."""
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append((label, message))
        self._filled.set()
        return True

    async def take(self) -> list[tuple[str, bytes]]:
        """Wait for messages, and remove and return a batch of them, oldest first."""
        await self._filled.wait()
        taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), BATCH_LIMIT))]
        if not self._waiting:
            self._filled.clear()
        return taken

    def discard(self) -> int:
        """Remove all messages, and return their number."""
        left = len(self._waiting)
        self._waiting.clear()
        self._filled.clear()
        return left


class Subscriber:
    """One market data connection: its outbox, and the symbols of each channel (`*` for all)."""

    def __init__(self) -> None:
        self.outbox = Outbox()
        self.channels: dict[str, set[str]] = {name: set() for name in CHANNELS}

    def wants(self, tick: Tick) -> bool:
        """Return whether the connection subscribed to this tick."""
        symbols = self.channels["quotes" if isinstance(tick, Quote) else "trades"]
        return tick.symbol in symbols or "*" in symbols

    def subscribe(self, channel: str, symbols: Iterable[str]) -> None:
        """Add symbols to a channel."""
        self.channels[channel].update(symbols)

    def unsubscribe(self, channel: str, symbols: Iterable[str]) -> None:
        """Remove symbols from a channel."""
        self.channels[channel].difference_update(symbols)


class TickFeed:
    """All market data connections, and the count of every tick.

    Each tick takes the next number, even without a subscriber, so that a client of all symbols sees every
    loss as a gap. A tick counts once for each connection that wants it: as `sent` after it was sent, else as
    `withheld` with a reason: feed_silent, sequence_gap, overflow (a slow client), connection_lost,
    no_subscriber.
    """

    def __init__(self, faults: Faults) -> None:
        self.first_subscription = asyncio.Event()
        self._faults = faults
        self._subscribers: set[Subscriber] = set()
        self._numbers = count(1)
        self._bad_quotes = count()
        self._produced = 0
        self._sent: Counter[str] = Counter()
        self._withheld: Counter[str] = Counter()

    def publish(self, tick: Tick) -> None:
        """Number a tick, and put it into the outbox of every connection that wants it."""
        self._produced += 1
        number = next(self._numbers)
        wanting = [subscriber for subscriber in self._subscribers if subscriber.wants(tick)]
        if not wanting:
            self._withheld["no_subscriber"] += 1
        elif self._faults.active("feed_silent"):
            self._withheld["feed_silent"] += len(wanting)
        elif self._faults.hit("sequence_gap"):
            self._withheld["sequence_gap"] += len(wanting)
        else:
            message = tick_message(self._with_fault(tick) if isinstance(tick, Quote) else tick, number)
            for subscriber in wanting:
                if not subscriber.outbox.put(tick.symbol, message):
                    self._withheld["overflow"] += 1

    def join(self, subscriber: Subscriber) -> None:
        """Add a connection at its first subscription."""
        self._subscribers.add(subscriber)
        self.first_subscription.set()

    def leave(self, subscriber: Subscriber, unsent: int) -> None:
        """Remove a connection, and count the ticks that it did not get as withheld."""
        self._subscribers.discard(subscriber)
        self._withheld["connection_lost"] += unsent + subscriber.outbox.discard()

    def sent(self, symbols: Iterable[str]) -> None:
        """Count ticks as sent, by their symbols."""
        self._sent.update(symbols)

    @property
    def subscribers(self) -> int:
        """The number of connections that have subscribed."""
        return len(self._subscribers)

    def counts(self) -> dict[str, Any]:
        """Return how many ticks were produced, sent and withheld so far."""
        return {
            "produced": self._produced,
            "sent": self._sent.total(),
            "withheld": self._withheld.total(),
            "withheld_by_reason": {reason: number for reason, number in self._withheld.items() if number},
            "by_symbol": dict(self._sent),
        }

    def _with_fault(self, quote: Quote) -> Quote:
        if self._faults.hit("crossed_quotes"):
            return _crossed(quote)
        if self._faults.hit("bad_quotes"):
            return _unpriced(quote) if next(self._bad_quotes) % 2 else _one_sided(quote)
        return quote


def _crossed(quote: Quote) -> Quote:
    size, exchange = quote.ask_size or quote.bid_size, quote.ask_exchange or quote.bid_exchange
    ask = quote.ask_price or quote.bid_price
    crossed = quote._replace(ask_price=ask, ask_size=size, ask_exchange=exchange)
    return crossed._replace(bid_price=ask + 5 * CENT, bid_size=size, bid_exchange=exchange)


def _unpriced(quote: Quote) -> Quote:
    return quote._replace(bid_price=0, ask_price=0)


def _one_sided(quote: Quote) -> Quote:
    return quote._replace(ask_price=0, ask_size=0, ask_exchange="")
