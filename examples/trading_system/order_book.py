"""Order book: the best bid and ask of each symbol, from its last quotes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from trading_system.messages import Tick


class OrderBook:
    """The top of one symbol's book."""

    def __init__(self, symbol: str) -> None:
        self.symbol = symbol
        self.bid = self.ask = 0.0
        self.bid_size = self.ask_size = 0.0
        self.last_price = 0.0

    def quote(self, message: Mapping[str, Any]) -> None:
        """Apply a quote of the broker's market data stream; a side without a price keeps its last price."""
        if message["bp"]:
            self.bid, self.bid_size = message["bp"], message["bs"]
        if message["ap"]:
            self.ask, self.ask_size = message["ap"], message["as"]

    def trade(self, message: Mapping[str, Any]) -> None:
        """Apply a trade of the broker's market data stream."""
        self.last_price = message["p"]

    @property
    def violation(self) -> str | None:
        """The violation of the book, "crossed" or "locked", or None if bid and ask agree."""
        if not self.bid or not self.ask or self.bid < self.ask:
            return None
        return "locked" if self.bid == self.ask else "crossed"

    def top(self, received_ns: int) -> Tick:
        """Return the top of the book as a message.

        Args:
            received_ns: When the quote behind it arrived, in Unix nanoseconds.
        """
        return Tick(self.symbol, self.bid, self.bid_size, self.ask, self.ask_size, received_ns)


class SlowBook(OrderBook):
    """A book that takes longer to update, like a book with many levels.

    Args:
        book: The book that it replaces; both share one state.
        seconds: The extra time of each update.
    """

    def __init__(self, book: OrderBook, seconds: float) -> None:
        self.__dict__ = vars(book)
        self._pause = seconds

    def quote(self, message: Mapping[str, Any]) -> None:
        """Apply a quote after the pause."""
        time.sleep(self._pause)
        super().quote(message)

    def trade(self, message: Mapping[str, Any]) -> None:
        """Apply a trade after the pause."""
        time.sleep(self._pause)
        super().trade(message)
