"""An order: its life from the decision to the last execution, told once, to metrics, trace and log alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from threading import RLock
from time import perf_counter
from typing import Concatenate, Final, ParamSpec

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import SpanKind

from otel_trading import metrics
from otel_trading._guard import guard
from otel_trading.instruments._arguments import name, size, word
from otel_trading.instruments.operation import Opened, Operation
from otel_trading.instruments.order.fills import Fills
from otel_trading.instruments.order.life import OrderLife
from otel_trading.instruments.order.metrics import (
    OrderMetrics,
    count_unmatched,
    metrics_of,
    route_duration,
)
from otel_trading.instruments.order.open_orders import OpenOrders
from otel_trading.instruments.order.trace import OrderTrace
from otel_trading.logs import event
from otel_trading.semconv import order as names
from otel_trading.semconv.market_data import TRADING_INSTRUMENT_SYMBOL
from otel_trading.semconv.venue import TRADING_VENUE_NAME
from otel_trading.tracing import span
from otel_trading.values import numbers
from otel_trading.values.text import described

P = ParamSpec("P")


def _step(method: Callable[Concatenate[Order, P], None]) -> Callable[Concatenate[Order, P], None]:
    """Make a method a step of the order's life: guarded, one at a time, in the order's context.

    The context makes exemplars lead to the order's trace, whatever thread the step is told on.
    """
    doing = f"order {method.__name__}"

    @wraps(method)
    def step(order: Order, /, *args: P.args, **kwargs: P.kwargs) -> None:
        with guard(doing), order._lock:
            token, was_done = attach(order.context), order._life.done
            try:
                method(order, *args, **kwargs)
            finally:
                detach(token)
                if order._life.done and not was_done:
                    _orders.completed(order)

    return step


class Submission(Operation):
    """The handing over of an order; a block that succeeds has submitted it."""

    __slots__ = ("_is_sent", "_order")

    def __init__(self, order: Order, opened: Opened, kind: OrderMetrics) -> None:
        super().__init__(opened, kind.submit_duration, kind.submit_failed)
        self._order = order
        self._is_sent = False

    @guard("order handed over")
    def sent(self) -> None:
        """State that the last byte left: the rest of the block is no part of the submission.

        For a client that returns only with the venue's answer. The second time changes nothing.
        """
        if not self._is_sent:
            self._is_sent = True
            super()._finish(perf_counter() - self._start, None)
            self._order.submitted()

    def _finish(self, elapsed: float, error: BaseException | None) -> None:
        if self._is_sent:
            return
        super()._finish(elapsed, error)
        if error is None:
            self._order.submitted()


class Order:
    """One order, told what happens to it; safe to use from any thread.

        order = Order("c-17", venue="XNAS", type="limit", side="buy", quantity=100, strategy="mm")
        with order.submitting():
            client.submit_order(...)
        order.acknowledged()                               # these three on any thread, see `Order.find`
        order.filled(quantity=60, price=182.11, execution_id="e-1")
        order.canceled()

    Whatever is called, in whatever order: submitted = completed + open; an order completes once; an
    execution that is repeated, or more than is left of the order (FIX 151 LeavesQty, 0 once it completed),
    is counted as unmatched and changes nothing. A step that comes twice or too late is counted and
    ignored. No step raises. News of the venue (an acknowledgement, a fill, a rejection by it) shows that
    the order was submitted, also when it overtakes `submitted`.

    Its span, `order {type}`, lasts from the construction to the completion. What is still open at shutdown
    is exported as incomplete.

    Args:
        client_order_id: FIX 11 ClOrdID; on spans and events, never on a metric.
        venue: Where it goes.
        type: FIX 40 OrdType: "market", "limit", "stop", "stop_limit", "trailing_stop".
        side: FIX 54 Side: "buy", "sell", "sell_short".
        quantity: FIX 38 OrderQty, above 0.
        strategy: Whose order it is.
        symbol: FIX 55; on spans and events.
        arrival_price: Mid of the quote when the order arrived here, for the slippage of its fills.
        decision_price: Mid of the quote when the strategy decided, for the implementation shortfall.
        triggered_at_ns: When the tick that set it off came in, in unix nanoseconds of this machine's clock.
        context: What the span is a child of; the current context if None.

    Raises:
        LabelError: A name is not text, or empty; the quantity is not a finite number above 0.
    """

    def __init__(
        self,
        client_order_id: str,
        *,
        venue: str,
        type: str,
        side: str,
        quantity: float,
        strategy: str,
        symbol: str | None = None,
        arrival_price: float | None = None,
        decision_price: float | None = None,
        triggered_at_ns: int | None = None,
        context: Context | None = None,
    ) -> None:
        self._id = name(client_order_id, "Order(client_order_id)")
        where = f"Order({self._id!r})"
        type_name = word(metrics.order_submitted, "order_type", name(type, f"{where}, type,"))
        side = word(metrics.execution_slippage, "order_side", name(side, f"{where}, side,"))
        venue, strategy = name(venue, f"{where}, venue,"), name(strategy, f"{where}, strategy,")
        fills = Fills(size(quantity, f"{where}, quantity,"))
        kind = metrics_of(venue, type_name, side, strategy)
        identity = {names.TRADING_ORDER_ID: self._id, **kind.attributes}
        if symbol is not None:
            identity[TRADING_INSTRUMENT_SYMBOL] = described(symbol)
        self._life = OrderLife(
            kind,
            OrderTrace(type_name, identity, fills.ordered, context),
            fills,
            arrival_price=numbers.optional_price(arrival_price),
            decision_price=numbers.optional_price(decision_price),
            triggered_at_ns=triggered_at_ns,
        )
        self._lock = RLock()
        _orders.add(self)

    @classmethod
    def find(cls, client_order_id: str) -> Order | None:
        """Return the order of an id: an open one, else one of the last thousand that completed.

        Args:
            client_order_id: As the venue echoes it (FIX 11). Of two open orders with one id, the newer one.
        """
        return _orders.find(client_order_id)

    @classmethod
    def open(cls) -> list[Order]:
        """Return the orders that were submitted and did not complete, oldest first."""
        return [order for order in _orders.all() if order.is_open]

    @staticmethod
    @guard("unmatched execution")
    def fill_unmatched(
        venue: str,
        reason: str = "unknown_order",
        *,
        client_order_id: str | None = None,
        execution_id: str | None = None,
    ) -> None:
        """Count an execution that belongs to no order of this process.

        Args:
            venue: Where it came from.
            reason: "unknown_order", "duplicate" or "overfill".
            client_order_id: As the venue says it, for the event.
            execution_id: FIX 17 ExecID, for the event.
        """
        known = count_unmatched(described(venue), reason)
        ids = {names.TRADING_ORDER_ID: client_order_id, names.TRADING_EXECUTION_ID: execution_id}
        attributes = {key: described(value) for key, value in ids.items() if value is not None}
        attributes[TRADING_VENUE_NAME] = described(venue)
        event(
            names.TRADING_EXECUTION_UNMATCHED,
            {**attributes, names.TRADING_EXECUTION_UNMATCHED_REASON: known},
            severity="error",
        )

    @property
    def client_order_id(self) -> str:
        """FIX 11 ClOrdID."""
        return self._id

    @property
    def context(self) -> Context:
        """The context of the order's span, to inject into a request or to hang a span on."""
        return self._life.trace.context

    @property
    def status(self) -> str:
        """FIX 39 OrdStatus: "pending_new", "new", "partially_filled", or what it completed as."""
        return self._life.status

    @property
    def is_open(self) -> bool:
        """Whether it was submitted and did not complete."""
        return self._life.submitted and not self._life.done

    @property
    def quantity(self) -> float:
        """FIX 38 OrderQty, after replacements."""
        return self._life.fills.ordered

    @property
    def filled_quantity(self) -> float:
        """FIX 14 CumQty."""
        return self._life.fills.quantity

    @property
    def average_price(self) -> float | None:
        """FIX 6 AvgPx, or None before the first fill."""
        return self._life.fills.executed.average_price

    def route(self, strategy_name: str) -> Operation:
        """Time the choice of a venue, in a span `route order`.

        Args:
            strategy_name: How it is chosen, such as "best_price"; one of a few words.

        Returns:
            A context manager.
        """
        strategy = described(strategy_name)
        opened = span("route order", {names.TRADING_ORDER_ROUTE_STRATEGY: strategy}, context=self.context)
        return Operation(opened, route_duration(strategy), partial(route_duration, strategy))

    def submitting(self) -> Submission:
        """Time the handing over of the order, in a span `submit order`; a block that succeeds submits it.

        If the block raises, the order is not submitted: say `rejected(..., source="gateway")`, or
        `retried()` and try again.

        Returns:
            A context manager that has `sent()`, for a client whose call goes on after the last byte left.
        """
        self._life.attempted_at = perf_counter()
        opened = span("submit order", self._life.trace.identity, kind=SpanKind.CLIENT, context=self.context)
        return Submission(self, opened, self._life.kind)

    @_step
    def submitted(self) -> None:
        """State that the order left; the second time changes nothing."""
        self._life.submit(perf_counter())

    @_step
    def acknowledged(self) -> None:
        """State that the venue accepted the order (FIX 150=0 New)."""
        self._life.acknowledge()

    @_step
    def filled(
        self,
        *,
        quantity: float,
        price: float,
        liquidity: str = "taker",
        execution_id: str | None = None,
        fees: float = 0.0,
    ) -> None:
        """Take in one execution (FIX 150=F Trade); the order completes when nothing is left.

        An execution without a valid quantity is counted as unmatched; one without a valid price fills the
        order, but has no notional, no slippage and no part in the average price.

        Args:
            quantity: FIX 32 LastQty, above 0.
            price: FIX 31 LastPx, in USD.
            liquidity: FIX 851: "maker" or "taker".
            execution_id: FIX 17 ExecID; without it, a repeated execution cannot be told from a new one.
            fees: In USD; a rebate is negative.
        """
        taken = numbers.quantity(quantity)
        execution = None if execution_id is None else described(execution_id)
        self._life.execute(taken, numbers.price(price), numbers.number(fees) or 0.0, execution, liquidity)

    @_step
    def canceled(self, *, last_price: float | None = None) -> None:
        """Complete the order as canceled (FIX 150=4), whether it was asked for or not.

        An order that was never handed over, nor tried to be, is withdrawn: counted neither as submitted
        nor as completed.

        Args:
            last_price: Mid of the quote now, for the opportunity cost of what was not filled.
        """
        self._life.end(names.TRADING_ORDER_CANCELED, "canceled", numbers.optional_price(last_price))

    @_step
    def expired(self, *, last_price: float | None = None) -> None:
        """Complete the order as expired (FIX 150=C).

        Args:
            last_price: As in `canceled`.
        """
        self._life.end(names.TRADING_ORDER_EXPIRED, "expired", numbers.optional_price(last_price))

    @_step
    def done_for_day(self, *, last_price: float | None = None) -> None:
        """Complete the order as done for the day (FIX 150=3); its event is that of an expired one.

        Args:
            last_price: As in `canceled`.
        """
        self._life.end(names.TRADING_ORDER_EXPIRED, "done_for_day", numbers.optional_price(last_price))

    @_step
    def rejected(self, reason: str, source: str = "venue", *, last_price: float | None = None) -> None:
        """Complete the order as rejected (FIX 150=8).

        An order that the risk check or the gateway refused before it was submitted is counted as rejected,
        but neither as submitted nor as completed. A rejection by the venue shows that it was submitted.

        Args:
            reason: FIX 103 OrdRejReason in words, such as "insufficient_funds"; also "self_trade_prevention"
                and "throttled".
            source: "risk", "gateway" or "venue".
            last_price: As in `canceled`.
        """
        source = word(metrics.order_rejected, "reject_source", source)
        reason = word(metrics.order_rejected, "reject_reason", reason)
        self._life.reject(source, reason, numbers.optional_price(last_price))

    @_step
    def cancel_requested(self) -> None:
        """Count a request to cancel the order (FIX 35=F), right before it is sent."""
        self._life.request("cancel", {})

    @_step
    def replace_requested(self, quantity: float | None = None, price: float | None = None) -> None:
        """Count a request to replace the order (FIX 35=G), right before it is sent.

        Args:
            quantity: The new quantity, filled part included, if it is to change.
            price: The new limit, if it is to change; for the trace.
        """
        ordered = None if quantity is None else numbers.quantity(quantity)
        given = {
            names.TRADING_ORDER_QUANTITY: ordered,
            names.TRADING_ORDER_PRICE: numbers.optional_price(price),
        }
        self._life.requested_quantity = ordered
        self._life.request("replace", {key: value for key, value in given.items() if value is not None})

    @_step
    def replaced(self, *, quantity: float | None = None) -> None:
        """State that the venue replaced the order (FIX 150=5).

        Args:
            quantity: The new quantity, filled part included; that of `replace_requested` if None. If it is
                no more than what is filled, the order completes.
        """
        ordered = self._life.requested_quantity if quantity is None else numbers.quantity(quantity)
        self._life.replace(ordered)

    @_step
    def retried(self) -> None:
        """Count one more attempt to submit the order, right before it is made."""
        self._life.retry()

    @_step
    def give_up(self) -> None:
        """Export the order as incomplete and end its span, once; done for every open order at shutdown.

        Its counts stay as they are, and it can still complete.
        """
        self._life.give_up()


_orders: Final[OpenOrders[Order]] = OpenOrders()
