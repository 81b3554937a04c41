"""Desk: accept orders, match them in the books, and report each change of an order."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from trading_system.venue.accounts import BASIS_POINT, VenueAccount
from trading_system.venue.book import Book, BookOrder, Execution, Side
from trading_system.venue.faults import Faults
from trading_system.venue.orders import END_STATUSES, Ticket, VenueOrder, replacement_from, ticket_from
from trading_system.venue.refusals import forbidden, invalid, unknown
from trading_system.venue.ticks import Quote, Tick, dollars
from trading_system.venue.wire import Json, order_json, update_json


class Desk:
    """Orders of the venue's only account, from the request to their end.

    Args:
        symbols: The symbols that clients may trade.
        faults: The active faults; the desk applies rejects, slippage and duplicate fills.
        report: Called with every trade update.
    """

    def __init__(self, symbols: Sequence[str], faults: Faults, report: Callable[[Json], None]) -> None:
        self.account = VenueAccount()
        self.books = {symbol: Book() for symbol in symbols}
        self.orders: dict[str, VenueOrder] = {}
        self.is_closed = False
        self._open: dict[str, VenueOrder] = {}
        self._waiting: dict[str, BookOrder] = {}
        self._by_client_id: dict[str, VenueOrder] = {}
        self._faults = faults
        self._report = report

    # --- the market

    def apply(self, tick: Tick) -> None:
        """Apply a tick to the book: a quote replaces its exchange's liquidity, a trade takes liquidity."""
        book = self.books[tick.symbol]
        if isinstance(tick, Quote):
            if tick.bid_price:
                self._fill(book.quote(tick.bid_exchange, Side.BUY, tick.bid_price, tick.bid_size))
            if tick.ask_price:
                self._fill(book.quote(tick.ask_exchange, Side.SELL, tick.ask_price, tick.ask_size))
        else:
            # A trade on the market would have hit the best order at or beyond its price, so it takes that
            # liquidity here. That is how a client's resting order fills.
            for side in Side:
                best = book.best(side)
                if best and best.price is not None and best.accepts(tick.price):
                    taker = BookOrder("print", side.opposite, tick.price, tick.size, immediate=True)
                    self._fill(book.submit(taker))
                    break
        self._mark(tick)
        self._retry(tick.symbol)

    def _retry(self, symbol: str) -> None:
        """Match waiting market orders again, which found too little liquidity before."""
        # Over a copy: a fill that completes an order removes it from `_waiting`.
        for entry in [*self._waiting.values()]:
            if self.orders[entry.id].ticket.symbol == symbol:
                self._fill(self.books[symbol].submit(entry))

    def _mark(self, tick: Tick) -> None:
        price = (tick.bid_price or tick.ask_price) if isinstance(tick, Quote) else tick.price
        if not isinstance(tick, Quote) or tick.symbol not in self.account.marks:
            self.account.mark(tick.symbol, price)

    # --- requests

    def submit(self, body: Mapping[str, Any]) -> Json:
        """Accept a new order.

        Args:
            body: The JSON that the client posted.

        Returns:
            The accepted order with status "pending_new"; trade updates report everything after that.

        Raises:
            Refusal: The order is not accepted.
        """
        ticket = ticket_from(body)
        self._check(ticket, [*self._open.values()])
        order = VenueOrder(ticket)
        # The answer is built before the order enters the book: it must not contain fills, which only trade
        # updates report.
        accepted = order_json(order)
        self._enter(order)
        return accepted

    def cancel(self, order_id: str) -> None:
        """Cancel an open order.

        Raises:
            Refusal: No order has this id, or the order is not open.
        """
        order = self.find(order_id)
        if not order.is_open:
            raise invalid(f'order is not cancelable: it is already in "{order.status}" state')
        self._end(order, "canceled", "canceled_at")

    def replace(self, order_id: str, body: Mapping[str, Any]) -> Json:
        """Replace an open order by a new one, which queues behind all others at its price.

        Args:
            order_id: The id of the open order.
            body: The JSON of the request.

        Returns:
            The accepted new order. Shares that the old order has traded stay with the old order.

        Raises:
            Refusal: No order has this id, the order is not open, or the new order is not accepted.
        """
        old = self.find(order_id)
        if not old.is_open:
            raise invalid(f'order is not replaceable: it is already in "{old.status}" state')
        # The check ignores the old order: it frees its buying power, and cannot trade with the new one.
        ticket = replacement_from(old, body)
        self._check(ticket, [order for order in self._open.values() if order is not old])
        new = VenueOrder(ticket, replaces=old.id)
        old.replaced_by = new.id
        self._end(old, "replaced", "replaced_at")
        accepted = order_json(new)
        self._enter(new)
        return accepted

    def expire_all(self) -> None:
        """Expire every open order, at the close of the market."""
        for order in [*self._open.values()]:
            self._end(order, "expired", "expired_at")

    def find(self, order_id: str) -> VenueOrder:
        """Return the order of an id.

        Raises:
            Refusal: No order has this id.
        """
        if (order := self.orders.get(order_id)) is None:
            raise unknown(f"order not found for {order_id}")
        return order

    def find_by_client_id(self, client_order_id: str) -> VenueOrder:
        """Return the order of a client order id.

        Raises:
            Refusal: No order has this client order id.
        """
        if (order := self._by_client_id.get(client_order_id)) is None:
            raise unknown(f"order not found for {client_order_id}")
        return order

    @property
    def buying_power(self) -> int:
        """The buying power that is left, in ten-thousandths of a dollar."""
        return self.account.buying_power(self._open.values())

    def counts(self) -> dict[str, int]:
        """Return how many orders were accepted, are open, and ended with each status, zeros included."""
        ended = Counter(order.status for order in self.orders.values() if not order.is_open)
        by_end = {status: ended[status] for status in END_STATUSES}
        return {"accepted": len(self.orders), "open": len(self._open), **by_end}

    def fills(self) -> dict[str, int]:
        """Return the number of executions of all orders, partial ones included, and of traded shares."""
        orders = self.orders.values()
        return {
            "executions": sum(order.executions for order in orders),
            "shares": sum(order.filled_quantity for order in orders),
        }

    # --- the life of an order

    def _check(self, ticket: Ticket, others: Sequence[VenueOrder]) -> None:
        if ticket.symbol not in self.books:
            raise invalid(f'asset "{ticket.symbol}" not found')
        if self.is_closed:
            raise forbidden("the market is closed")
        if ticket.client_order_id in self._by_client_id:
            raise invalid("client_order_id must be unique")
        # As at the real broker: an order that could match another order of the account is a potential wash
        # trade, which FINRA Rule 5210 forbids.
        if any(_would_trade(ticket, other.ticket) for other in others):
            raise forbidden("potential wash trade detected. use complex orders")
        cost = self.account.cost_of(ticket.symbol, ticket.side, ticket.quantity, self._price_of(ticket))
        power = self.account.buying_power(others)
        if cost > max(0, power):
            raise forbidden(
                "insufficient buying power", buying_power=dollars(power), cost_basis=dollars(cost)
            )

    def _price_of(self, ticket: Ticket) -> int:
        best = self.books[ticket.symbol].best(ticket.side.opposite)
        market = best.price if best and best.price else self.account.marks.get(ticket.symbol, 0)
        return ticket.limit_price or market

    def _enter(self, order: VenueOrder) -> None:
        ticket = order.ticket
        self.orders[order.id] = self._open[order.id] = order
        self._by_client_id[ticket.client_order_id] = order
        if self._faults.hit("rejects"):
            self._end(order, "rejected", "failed_at", reason="order rejected by the venue")
            return
        order.become("new")
        self._report(update_json("new", order, {}))
        entry = BookOrder(
            order.id,
            ticket.side,
            ticket.limit_price,
            ticket.quantity,
            immediate=ticket.time_in_force == "ioc",
        )
        self._fill(self.books[ticket.symbol].submit(entry))
        # "ioc" cancels the rest at once (FIX TimeInForce, tag 59). A market order waits for liquidity.
        if order.is_open and entry.immediate:
            self._end(order, "canceled", "canceled_at")
        elif order.is_open and entry.price is None:
            self._waiting[order.id] = entry

    def _end(self, order: VenueOrder, status: str, time_name: str, **details: str) -> None:
        self.books[order.ticket.symbol].cancel(order.id)
        self._forget(order)
        order.become(status, time_name)
        self._report(update_json(status, order, details))

    def _forget(self, order: VenueOrder) -> None:
        self._open.pop(order.id, None)
        self._waiting.pop(order.id, None)

    def _fill(self, executions: Sequence[Execution]) -> None:
        # The simulated market can be on either side, so that only ids of open client orders are booked.
        for execution in executions:
            for order_id in (execution.maker_id, execution.taker_id):
                if order := self._open.get(order_id):
                    self._book(order, execution)

    def _book(self, order: VenueOrder, execution: Execution) -> None:
        ticket = order.ticket
        price = self._slipped(ticket, execution.price)
        order.fill(execution.quantity, price)
        position = self.account.trade(ticket.symbol, ticket.side, execution.quantity, price)
        if not order.is_open:
            self._forget(order)
        update = update_json(
            "partial_fill" if order.is_open else "fill",
            order,
            {
                "execution_id": str(uuid4()),
                "qty": str(execution.quantity),
                "price": dollars(price),
                "position_qty": str(position),
            },
        )
        # The duplicate has the same execution id and changes no position. A client has to recognize that id:
        # https://www.onixs.biz/fix-dictionary/4.4/tagNum_17.html (ExecID)
        self._report(update)
        if self._faults.hit("duplicate_fill"):
            self._report(update)

    def _slipped(self, ticket: Ticket, price: int) -> int:
        fault = self._faults.hit("slippage")
        if fault is None:
            return price
        worse = round(price * fault.parameters["bps"] / BASIS_POINT)
        if ticket.side is Side.BUY:
            return min(price + worse, ticket.limit_price or price + worse)
        return max(price - worse, ticket.limit_price or 0)


def _would_trade(ticket: Ticket, other: Ticket) -> bool:
    if ticket.symbol != other.symbol or ticket.side is other.side:
        return False
    mine = BookOrder("", ticket.side, ticket.limit_price, ticket.quantity)
    return other.limit_price is None or mine.accepts(other.limit_price)
