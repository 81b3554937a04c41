"""Positions: what is held of each symbol, what it cost on average, and what trading it has earned."""

from __future__ import annotations

from dataclasses import dataclass


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


class Account:
    """The positions of one strategy, and the cash beside them.

    Args:
        cash: What the session starts with, in USD.
    """

    def __init__(self, cash: float) -> None:
        self.start = self.cash = cash
        self.positions: dict[str, Position] = {}
        self.on_the_way: dict[str, float] = {}

    def position(self, symbol: str) -> Position:
        """Return the position of a symbol."""
        return self.positions.setdefault(symbol, Position())

    def trade(self, symbol: str, quantity: float, price: float) -> float:
        """Take in an execution, and return what it realized; a sale is negative."""
        self.cash -= quantity * price
        return self.position(symbol).trade(quantity, price)

    def reserve(self, symbol: str, quantity: float) -> None:
        """Count shares of an order as on their way; with the sign turned, no longer."""
        self.on_the_way[symbol] = self.on_the_way.get(symbol, 0.0) + quantity

    def expected(self, symbol: str) -> float:
        """The position of a symbol once all orders on their way are filled."""
        return self.position(symbol).quantity + self.on_the_way.get(symbol, 0.0)

    @property
    def profit(self) -> float:
        """The session's profit, realized and not, in USD."""
        return self.cash + sum(p.value for p in self.positions.values()) - self.start

    @property
    def gross(self) -> float:
        """The gross exposure, long plus short, in USD."""
        return sum(abs(position.value) for position in self.positions.values())
