"""Positions: what is held of each symbol, what it cost on average, and what trading it has earned."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic


@dataclass
class Position:
    """A position; short is negative.

    Attributes:
        average_price: What the open quantity was entered at, in USD.
        mark: The price it is valued at, in USD.
    """

    quantity: float = 0.0
    average_price: float = 0.0
    mark: float = 0.0

    def trade(self, quantity: float, price: float) -> float:
        """Take in an execution, at average cost.

        Args:
            quantity: Shares; a sale is negative.
            price: In USD.

        Returns:
            The profit that closing (a part of) the position realized, in USD.
        """
        closed = 0.0
        if self.quantity * quantity < 0:
            closed = min(abs(quantity), abs(self.quantity)) * (1 if self.quantity > 0 else -1)
        realized = closed * (price - self.average_price)
        opened = quantity + closed
        rest = self.quantity - closed
        self.quantity += quantity
        if opened:
            self.average_price = (rest * self.average_price + opened * price) / self.quantity
        self.mark = self.mark or price
        return realized

    @property
    def value(self) -> float:
        """The signed market value, in USD."""
        return self.quantity * self.mark

    @property
    def profit(self) -> float:
        """The unrealized profit, in USD."""
        return self.quantity * (self.mark - self.average_price)


@dataclass
class Reservation:
    """Shares of an order that are on their way; a sale is negative.

    Attributes:
        since: When it left, in seconds of the monotonic clock.
    """

    symbol: str
    quantity: float
    since: float


class Account:
    """The positions of one strategy, and the cash beside them.

    Args:
        cash: What the session starts with, in USD.
    """

    def __init__(self, cash: float) -> None:
        self.start = self.cash = cash
        self.positions: dict[str, Position] = {}
        self._on_the_way: dict[str, Reservation] = {}

    def position(self, symbol: str) -> Position:
        """Return the position of a symbol."""
        return self.positions.setdefault(symbol, Position())

    def trade(self, symbol: str, quantity: float, price: float) -> float:
        """Take in an execution, and return what it realized; a sale is negative."""
        self.cash -= quantity * price
        return self.position(symbol).trade(quantity, price)

    def adopt(self, symbol: str, held: Position) -> None:
        """Take over a position as the broker has it, at what it cost there."""
        ours = self.position(symbol)
        self.cash += ours.quantity * ours.average_price - held.quantity * held.average_price
        ours.quantity, ours.average_price = held.quantity, held.average_price
        ours.mark = ours.mark or held.average_price

    def reserve(self, order_id: str, symbol: str, quantity: float) -> None:
        """Count the shares of an order as on their way."""
        self._on_the_way[order_id] = Reservation(symbol, quantity, monotonic())

    def release(self, order_id: str, quantity: float) -> bool:
        """Count shares of an order as no longer on their way.

        Returns:
            Whether the order is known.
        """
        order = self._on_the_way.get(order_id)
        if order is None:
            return False
        order.quantity -= quantity
        if not order.quantity:
            del self._on_the_way[order_id]
        return True

    def forget(self, seconds: float) -> None:
        """Give up the orders that left longer ago than that: whoever had them is gone."""
        since = monotonic() - seconds
        self._on_the_way = {key: order for key, order in self._on_the_way.items() if order.since > since}

    def is_settled(self, symbol: str) -> bool:
        """Whether nothing of a symbol is on its way."""
        return all(order.symbol != symbol for order in self._on_the_way.values())

    def expected(self, symbol: str) -> float:
        """The position of a symbol once all orders on their way are filled."""
        coming = sum(order.quantity for order in self._on_the_way.values() if order.symbol == symbol)
        return self.position(symbol).quantity + coming

    @property
    def profit(self) -> float:
        """The session's profit, realized and not, in USD."""
        return self.cash + sum(p.value for p in self.positions.values()) - self.start

    @property
    def gross(self) -> float:
        """The gross exposure, long plus short, in USD."""
        return sum(abs(position.value) for position in self.positions.values())
