"""Book: resting orders of one symbol, matched by price and then by time.

Orders of clients and simulated liquidity rest in one queue. Only `Book.quote` treats them differently.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

PRIORITY = attrgetter("priority")


class Side(str, Enum):
    """The side of an order (FIX Side, tag 54)."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The other side, with which this one trades."""
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(slots=True)
class BookOrder:
    """An order in the book.

    Args:
        id: Unique among the resting orders.
        side: Buy or sell.
        price: The worst acceptable price in ten-thousandths of a dollar; None accepts any.
        remaining: Shares still to trade.
        immediate: The part that cannot trade at once does not rest. An order without a price never rests.
        simulated: Whether the simulated market placed this order, not a client.
    """

    id: str
    side: Side
    price: int | None
    remaining: int
    immediate: bool = False
    simulated: bool = False
    priority: tuple[int, int] = field(default=(0, 0), init=False)

    def accepts(self, price: int) -> bool:
        """Return whether this price is within the order's limit."""
        if self.price is None:
            return True
        return price <= self.price if self.side is Side.BUY else price >= self.price


class Execution(NamedTuple):
    """A trade between two orders, at the price of the resting one."""

    maker_id: str
    taker_id: str
    quantity: int
    price: int


class Book:
    """The two sides of the book of one symbol, each sorted by priority."""

    def __init__(self) -> None:
        self._sides: dict[Side, list[BookOrder]] = {Side.BUY: [], Side.SELL: []}
        self._by_id: dict[str, BookOrder] = {}
        self._arrivals = 0

    def best(self, side: Side) -> BookOrder | None:
        """Return the order that trades next on this side, or None if the side is empty."""
        orders = self._sides[side]
        return orders[0] if orders else None

    def resting(self, side: Side) -> tuple[BookOrder, ...]:
        """Return every resting order of a side, in the order in which they trade."""
        return tuple(self._sides[side])

    def submit(self, order: BookOrder) -> list[Execution]:
        """Match an order against the other side, then add the rest of it to the book.

        Args:
            order: The order; afterwards its `remaining` is the part that has not traded.

        Returns:
            The executions, in the order in which they happened.
        """
        executions = []
        while order.remaining and (maker := self.best(order.side.opposite)):
            # The best price of the other side decides: if the order refuses it, it refuses all others as
            # well.
            if maker.price is None or not order.accepts(maker.price):
                break
            executions.append(self._execute(maker, order, maker.price))
        if order.remaining and order.price is not None and not order.immediate:
            self._rest(order, order.price)
        return executions

    def cancel(self, order_id: str) -> BookOrder | None:
        """Remove an order from the book.

        Args:
            order_id: The id of the order.

        Returns:
            The order with its remaining shares, or None if no order of that id rests.
        """
        order = self._by_id.pop(order_id, None)
        if order is not None:
            orders = self._sides[order.side]
            # A priority is unique, because it ends in the arrival number, so that bisection finds this order.
            del orders[bisect_left(orders, order.priority, key=PRIORITY)]
        return order

    def quote(self, source: str, side: Side, price: int, quantity: int) -> list[Execution]:
        """Replace the quote of a source of liquidity on one side.

        Older quotes that the new quote crosses are stale, so they are removed without a trade. Orders of
        clients that it crosses do trade.

        Args:
            source: The name of the source, such as the letter of an exchange.
            side: The side of the quote.
            price: In ten-thousandths of a dollar.
            quantity: Shares.

        Returns:
            The executions with clients' orders.
        """
        # A new quote goes to the back of the queue at its price, like a replaced order on a real exchange.
        order = BookOrder(f"{source}:{side.value}", side, price, quantity, simulated=True)
        self.cancel(order.id)
        stale = [
            other.id
            for other in self._sides[side.opposite]
            if other.simulated and other.price is not None and order.accepts(other.price)
        ]
        for order_id in stale:
            self.cancel(order_id)
        return self.submit(order)

    def _rest(self, order: BookOrder, price: int) -> None:
        # Buyers with the highest price come first, so their price counts negative. The arrival number breaks
        # ties, which makes earlier orders trade first.
        self._arrivals += 1
        order.priority = (-price if order.side is Side.BUY else price, self._arrivals)
        insort(self._sides[order.side], order, key=PRIORITY)
        self._by_id[order.id] = order

    def _execute(self, maker: BookOrder, taker: BookOrder, price: int) -> Execution:
        quantity = min(maker.remaining, taker.remaining)
        maker.remaining -= quantity
        taker.remaining -= quantity
        if not maker.remaining:
            self.cancel(maker.id)
        return Execution(maker.id, taker.id, quantity, price)
