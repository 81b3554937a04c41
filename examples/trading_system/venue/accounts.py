"""Account: cash, positions, and what may still be bought."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from uuid import uuid4

from trading_system.venue.book import Side
from trading_system.venue.orders import Order
from trading_system.venue.ticks import CENT, PRICE_SCALE

STARTING_CASH = 1_000_000 * PRICE_SCALE
MULTIPLIER = 2
BASIS_POINT = 10_000


@dataclass(slots=True)
class Position:
    """Shares held; a negative quantity is a short position.

    Args:
        quantity: Shares.
        cost: What the shares cost, in ten-thousandths of a dollar; negative for what a short sale brought.
    """

    quantity: int = 0
    cost: int = 0

    def trade(self, signed: int, price: int) -> None:
        """Add an execution: the part that closes leaves at average cost, the rest opens at the price."""
        closing = 0
        if self.quantity * signed < 0:
            closing = min(abs(signed), abs(self.quantity)) * (1 if signed > 0 else -1)
            self.cost += round(self.cost * closing / self.quantity)
            self.quantity += closing
        self.quantity += signed - closing
        self.cost += (signed - closing) * price


@dataclass
class Account:
    """The one account of the venue; prices come from the market by `mark`."""

    cash: int = STARTING_CASH
    positions: dict[str, Position] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    number: str = "VENUE0001"
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def mark(self, symbol: str, price: int) -> None:
        """Note the price at which positions are valued."""
        self.marks[symbol] = price

    def trade(self, symbol: str, side: Side, quantity: int, price: int) -> int:
        """Settle an execution.

        Args:
            symbol: What was traded.
            side: Of the account's order.
            quantity: Shares.
            price: In ten-thousandths of a dollar.

        Returns:
            The position afterwards, in shares.
        """
        signed = quantity if side is Side.BUY else -quantity
        position = self.positions.setdefault(symbol, Position())
        position.trade(signed, price)
        self.cash -= signed * price
        if not position.quantity:
            del self.positions[symbol]
        return position.quantity

    def value_of(self, symbol: str) -> int:
        """Market value of a position; a short one is negative."""
        position = self.positions[symbol]
        return position.quantity * self.marks.get(symbol, 0)

    def adverse_moves(self, bps: float) -> dict[str, int]:
        """How prices would move against each position: down where it is long, up where it is short.

        Args:
            bps: How far, in basis points of the mark.

        Returns:
            The move of each symbol held, in ten-thousandths of a dollar, of whole cents.
        """
        cents = {
            symbol: round(self.marks.get(symbol, 0) * bps / BASIS_POINT / CENT) for symbol in self.positions
        }
        return {
            symbol: CENT * (-far if self.positions[symbol].quantity > 0 else far)
            for symbol, far in cents.items()
        }

    @property
    def long_value(self) -> int:
        """Market value of what is held."""
        return sum(max(0, self.value_of(symbol)) for symbol in self.positions)

    @property
    def short_value(self) -> int:
        """Market value of what is owed, as a negative amount."""
        return sum(min(0, self.value_of(symbol)) for symbol in self.positions)

    @property
    def equity(self) -> int:
        """Cash and positions together."""
        return self.cash + self.long_value + self.short_value

    def buying_power(self, open_orders: Iterable[Order]) -> int:
        """What further orders may cost, after positions and open orders."""
        held = sum(
            self.cost_of(order.ticket.symbol, order.ticket.side, order.remaining, _price(order))
            for order in open_orders
        )
        return MULTIPLIER * self.equity - self.long_value + self.short_value - held

    def cost_of(self, symbol: str, side: Side, quantity: int, price: int) -> int:
        """What an order would use of the buying power: shares that close a position use none."""
        position = self.positions.get(symbol, Position()).quantity
        closes = max(0, -position if side is Side.BUY else position)
        return max(0, quantity - closes) * price


def _price(order: Order) -> int:
    return order.ticket.limit_price or 0
