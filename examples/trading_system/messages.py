"""Messages: what the services tell each other, as msgpack; a tick's topic is its symbol."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import msgpack


def pack(message: tuple[Any, ...]) -> bytes:
    """Return the bytes of one of the messages below."""
    return cast("bytes", msgpack.packb(message))


def unpack(body: bytes) -> list[Any]:
    """Return the fields of a message, to construct it from."""
    return cast("list[Any]", msgpack.unpackb(body))


class Tick(NamedTuple):
    """The top of a symbol's book, after a quote; a side without a price is 0.

    Attributes:
        received_ns: When the quote came in, unix nanoseconds.
    """

    symbol: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    received_ns: int

    @property
    def mid(self) -> float:
        """The price between bid and ask, or that of the only side there is."""
        return (self.bid + self.ask) / 2 if self.bid and self.ask else self.bid or self.ask


class Signal(NamedTuple):
    """What the model wants: "buy" or "sell", and how sure it is, 0 to 1.

    Attributes:
        decision_price: The mid that it decided on.
        triggered_at_ns: When the quote that set it off came in, unix nanoseconds.
    """

    symbol: str
    direction: str
    strength: float
    decision_price: float
    triggered_at_ns: int


class OrderRequest(NamedTuple):
    """An order on its way to the venue, and the quote it was checked against."""

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
        """The quantity, negative for a sale."""
        return self.quantity if self.side == "buy" else -self.quantity

    @property
    def mid(self) -> float:
        """The price between bid and ask."""
        return (self.bid + self.ask) / 2


class Report(NamedTuple):
    """What became of (a part of) an order, as FIX's execution report; a sale is negative.

    Attributes:
        client_order_id: Of the order.
        executed: Shares that traded, at `price`; 0 where none did.
        released: Shares that are no longer on their way, traded or not.
    """

    client_order_id: str
    strategy: str
    symbol: str
    executed: float
    price: float
    released: float
