"""Positions: the quantity, average cost and profit of each symbol."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic


@dataclass
class Position:
    """A position; short is negative.

    Attributes:
        quantity: Shares.
        average_price: The average entry price of the open quantity, in USD.
        mark: The price for the valuation, in USD.
    """

    quantity: float = 0.0
    average_price: float = 0.0
    mark: float = 0.0

    def trade(self, quantity: float, price: float) -> float:
        """Apply an execution, at average cost.

        Args:
            quantity: Shares; a sale is negative.
            price: In USD.

        Returns:
            The profit from the part of the position that this execution closed, in USD.
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
    """The shares of an order in flight; a sale is negative.

    Attributes:
        since: When the order was sent, in seconds of the monotonic clock.
    """

    symbol: str
    quantity: float
    since: float


class Account:
    """The positions and the cash of one strategy.

    Args:
        cash: The cash at the start of the session, in USD.
    """

    def __init__(self, cash: float) -> None:
        self.start = self.cash = cash
        self.positions: dict[str, Position] = {}
        self._in_flight: dict[str, Reservation] = {}

    def position(self, symbol: str) -> Position:
        """Return the position of a symbol."""
        return self.positions.setdefault(symbol, Position())

    def trade(self, symbol: str, quantity: float, price: float) -> float:
        """Apply an execution, and return its realized profit in USD; a sale has a negative quantity."""
        self.cash -= quantity * price
        return self.position(symbol).trade(quantity, price)

    def adopt(self, symbol: str, held: Position) -> None:
        """Replace our position by the broker's, with its quantity and its entry price."""
        # The cash moves by the difference in cost, as if we had traded at the broker's entry price. So the
        # realized profit stays the same, and only the unrealized profit of the new position is added.
        ours = self.position(symbol)
        self.cash += ours.quantity * ours.average_price - held.quantity * held.average_price
        ours.quantity, ours.average_price = held.quantity, held.average_price
        ours.mark = ours.mark or held.average_price

    def reserve(self, order_id: str, symbol: str, quantity: float) -> None:
        """Count the shares of an order as in flight."""
        self._in_flight[order_id] = Reservation(symbol, quantity, monotonic())

    def release(self, order_id: str, quantity: float) -> bool:
        """Count shares of an order as no longer in flight.

        Returns:
            Whether the account knows the order.
        """
        order = self._in_flight.get(order_id)
        if order is None:
            return False
        order.quantity -= quantity
        if not order.quantity:
            del self._in_flight[order_id]
        return True

    def drop_stale(self, seconds: float) -> None:
        """Drop reservations older than `seconds`; a report for them will not come any more."""
        since = monotonic() - seconds
        self._in_flight = {key: order for key, order in self._in_flight.items() if order.since > since}

    def is_settled(self, symbol: str) -> bool:
        """Return whether a symbol has no order in flight."""
        return all(order.symbol != symbol for order in self._in_flight.values())

    def expected(self, symbol: str) -> float:
        """Return the position of a symbol once all its orders in flight have filled."""
        coming = sum(order.quantity for order in self._in_flight.values() if order.symbol == symbol)
        return self.position(symbol).quantity + coming

    @property
    def profit(self) -> float:
        """The session's realized and unrealized profit, in USD."""
        return self.cash + sum(p.value for p in self.positions.values()) - self.start

    @property
    def gross(self) -> float:
        """The gross exposure, long plus short, in USD."""
        return sum(abs(position.value) for position in self.positions.values())
