"""Messages: the tuples that the services exchange, packed with msgpack. A tick's topic is its symbol."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import msgpack


def pack(message: tuple[Any, ...]) -> bytes:
    """Return the bytes of one of the messages below."""
    return cast("bytes", msgpack.packb(message))


def unpack(body: bytes) -> list[Any]:
    """Return the fields of a packed message, in the order of its class."""
    return cast("list[Any]", msgpack.unpackb(body))


class Tick(NamedTuple):
    """The top of a symbol's book after a quote; the price of an empty side is 0.

    Attributes:
        received_ns: When the quote arrived, in Unix nanoseconds.
    """

    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    received_ns: int

    @property
    def mid(self) -> float:
        """The price halfway between bid and ask, or the price of the only side."""
        return (self.bid + self.ask) / 2 if self.bid and self.ask else self.bid or self.ask


class Signal(NamedTuple):
    """A decision of the model to trade.

    Attributes:
        direction: "buy" or "sell".
        strength: How sure the model is, from 0 to 1.
        decision_price: The mid price that the model decided on.
        triggered_at_ns: When the quote behind the decision arrived, in Unix nanoseconds.
    """

    symbol: str
    direction: str
    strength: float
    decision_price: float
    triggered_at_ns: int


class OrderRequest(NamedTuple):
    """An order that passed the risk checks, and the quote it was checked against."""

    client_order_id: str
    strategy: str
    symbol: str
    side: str
    quantity: int
    bid: float
    ask: float
    decision_price: float
    triggered_at_ns: int

    @property
    def signed_quantity(self) -> int:
        """The quantity in shares, negative for a sale."""
        return self.quantity if self.side == "buy" else -self.quantity

    @property
    def mid(self) -> float:
        """The price halfway between bid and ask."""
        return (self.bid + self.ask) / 2


class ExecutionReport(NamedTuple):
    """The result of an order or of a part of it, like a FIX ExecutionReport; a sale is negative.

    Attributes:
        client_order_id: The order's id.
        executed: Shares that traded at `price`; 0 if none did.
        released: Shares that are no longer in flight, whether they traded or not.
    """

    client_order_id: str
    strategy: str
    symbol: str
    executed: float
    price: float
    released: float
