"""Book: resting orders of one symbol, matched by price and then by time.

Orders of the venue's clients and simulated liquidity rest side by side; the book does not tell them apart.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import NamedTuple

PRIORITY = attrgetter("priority")


class Side(str, Enum):
    """Who gives money for shares, and who gives shares for money."""

    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> "Side":
        """The side this one trades with."""
        return Side.SELL if self is Side.BUY else Side.BUY


@dataclass(slots=True)
class BookOrder:
    """An order as the book sees it.

    Args:
        id: Unique while it rests.
        side: Buy or sell.
        price: The worst acceptable price; None takes any.
        remaining: Shares still to trade.
        immediate: Whatever cannot trade at once does not rest. An order without a price never rests.
        simulated: Liquidity that the market put here, not a client.
    """

    id: str
    side: Side
    price: int | None
    remaining: int
    immediate: bool = False
    simulated: bool = False
    priority: tuple[int, int] = field(default=(0, 0), init=False)

    def accepts(self, price: int) -> bool:
        """Whether trading at this price is within the order's limit."""
        if self.price is None:
            return True
        return price <= self.price if self.side is Side.BUY else price >= self.price


class Execution(NamedTuple):
    """Shares that changed hands, at the price of the order that was there first."""

    maker_id: str
    taker_id: str
    quantity: int
    price: int


class Book:
    """The two sides of one symbol."""

    def __init__(self) -> None:
        self._sides: dict[Side, list[BookOrder]] = {Side.BUY: [], Side.SELL: []}
        self._by_id: dict[str, BookOrder] = {}
        self._arrivals = 0

    def best(self, side: Side) -> BookOrder | None:
        """The order that trades next on this side."""
        orders = self._sides[side]
        return orders[0] if orders else None

    def resting(self, side: Side) -> tuple[BookOrder, ...]:
        """Every resting order of a side, in the order in which they trade."""
        return tuple(self._sides[side])

    def submit(self, order: BookOrder) -> list[Execution]:
        """Match an order against the other side, then let what is left rest.

        Args:
            order: Its `remaining` is what has not traded when this returns.

        Returns:
            The executions, in the order in which they happened.
        """
        executions = []
        while order.remaining and (maker := self.best(order.side.opposite)):
            if maker.price is None or not order.accepts(maker.price):
                break
            executions.append(self._execute(maker, order, maker.price))
        if order.remaining and order.price is not None and not order.immediate:
            self._rest(order, order.price)
        return executions

    def cancel(self, order_id: str) -> BookOrder | None:
        """Take an order out of the book.

        Args:
            order_id: The id it was submitted with.

        Returns:
            The order with what had not traded, or None where none of that id rests.
        """
        order = self._by_id.pop(order_id, None)
        if order is not None:
            orders = self._sides[order.side]
            del orders[bisect_left(orders, order.priority, key=PRIORITY)]
        return order

    def quote(self, source: str, side: Side, price: int, quantity: int) -> list[Execution]:
        """Replace what a source of liquidity shows on one side.

        A quote that crosses older quotes means that those are stale: they leave the book. Orders of clients
        that it crosses trade.

        Args:
            source: Who quotes, such as the letter of an exchange.
            side: The side that is quoted.
            price: In ten-thousandths of a dollar.
            quantity: Shares.

        Returns:
            The executions with clients' orders.
        """
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
