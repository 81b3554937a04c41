"""Account: cash, positions and buying power."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from uuid import uuid4

from trading_system.venue.book import Side
from trading_system.venue.orders import VenueOrder
from trading_system.venue.ticks import CENT, PRICE_SCALE

STARTING_CASH = 1_000_000 * PRICE_SCALE
MULTIPLIER = 2
BASIS_POINT = 10_000


@dataclass(slots=True)
class VenuePosition:
    """Shares held; a negative quantity is a short position.

    Args:
        quantity: Shares.
        cost: The cost of the shares in ten-thousandths of a dollar; negative for the proceeds of a short
            sale.
    """

    quantity: int = 0
    cost: int = 0

    def trade(self, signed: int, price: int) -> None:
        """Apply an execution: the closing part is removed at average cost, the rest opens at `price`."""
        closing = 0
        if self.quantity * signed < 0:
            closing = min(abs(signed), abs(self.quantity)) * (1 if signed > 0 else -1)
            self.cost += round(self.cost * closing / self.quantity)
            self.quantity += closing
        self.quantity += signed - closing
        self.cost += (signed - closing) * price


@dataclass
class VenueAccount:
    """The only account of the venue. The market sets its prices by `mark`."""

    cash: int = STARTING_CASH
    positions: dict[str, VenuePosition] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    number: str = "VENUE0001"
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def mark(self, symbol: str, price: int) -> None:
        """Set the price for the valuation of positions."""
        self.marks[symbol] = price

    def trade(self, symbol: str, side: Side, quantity: int, price: int) -> int:
        """Settle an execution.

        Args:
            symbol: The traded symbol.
            side: The side of the account's order.
            quantity: Shares.
            price: In ten-thousandths of a dollar.

        Returns:
            The position afterwards, in shares.
        """
        signed = quantity if side is Side.BUY else -quantity
        position = self.positions.setdefault(symbol, VenuePosition())
        position.trade(signed, price)
        self.cash -= signed * price
        if not position.quantity:
            del self.positions[symbol]
        return position.quantity

    def value_of(self, symbol: str) -> int:
        """Return the market value of a position; a short position has a negative value."""
        position = self.positions[symbol]
        return position.quantity * self.marks.get(symbol, 0)

    def adverse_moves(self, bps: float) -> dict[str, int]:
        """Return price moves against each position: down for a long one, up for a short one.

        Args:
            bps: The size of the move, in basis points of the mark.

        Returns:
            The move of each symbol with a position, in ten-thousandths of a dollar, rounded to whole cents.
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
        """The market value of long positions."""
        return sum(max(0, self.value_of(symbol)) for symbol in self.positions)

    @property
    def short_value(self) -> int:
        """The market value of short positions, as a negative amount."""
        return sum(min(0, self.value_of(symbol)) for symbol in self.positions)

    @property
    def equity(self) -> int:
        """The value of cash and positions together."""
        return self.cash + self.long_value + self.short_value

    def buying_power(self, open_orders: Iterable[VenueOrder]) -> int:
        """Return how much further orders may cost, after positions and open orders."""
        held = sum(
            self.cost_of(order.ticket.symbol, order.ticket.side, order.remaining, _price(order))
            for order in open_orders
        )
        return MULTIPLIER * self.equity - self.long_value + self.short_value - held

    def cost_of(self, symbol: str, side: Side, quantity: int, price: int) -> int:
        """Return the buying power that an order would use; shares that close a position use none."""
        position = self.positions.get(symbol, VenuePosition()).quantity
        closes = max(0, -position if side is Side.BUY else position)
        return max(0, quantity - closes) * price


def _price(order: VenueOrder) -> int:
    return order.ticket.limit_price or 0
