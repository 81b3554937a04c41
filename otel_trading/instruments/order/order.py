"""An order, from the decision to the last execution: one call updates metrics, trace and log together."""

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
from otel_trading.instruments.operation import Operation
from otel_trading.instruments.order.fills import Fills
from otel_trading.instruments.order.life import OrderLife
from otel_trading.instruments.order.metrics import count_unmatched, metrics_of, route_duration
from otel_trading.instruments.order.open_orders import OpenOrders
from otel_trading.instruments.order.submission import Submission
from otel_trading.instruments.order.trace import OrderTrace, emit_unmatched
from otel_trading.semconv import order as names
from otel_trading.semconv.market_data import TRADING_INSTRUMENT_SYMBOL
from otel_trading.tracing import span
from otel_trading.values import numbers
from otel_trading.values.text import described

P = ParamSpec("P")


def _step(method: Callable[Concatenate[Order, P], None]) -> Callable[Concatenate[Order, P], None]:
    """Make a method a step of the order's life: it never raises, and runs under the order's lock.

    It also runs in the order's context, so that exemplars of every thread lead to the order's trace.
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
                # In `finally`, so that an order whose last step failed is not kept as an open one.
                if order._life.done and not was_done:
                    _orders.complete(order)

    return step


class Order:
    """One order. Call its methods as things happen to it, from any thread.

        order = Order("c-17", venue="XNAS", type="limit", side="buy", quantity=100, strategy="mm")
        with order.submitting():
            client.submit_order(...)
        order.acknowledged()  # these three from any thread, see `Order.find`
        order.filled(quantity=60, price=182.11, execution_id="e-1")
        order.canceled()

    For every sequence of calls: submitted = completed + open, and an order completes once. An execution that
    is repeated, or larger than FIX 151 LeavesQty (0 once the order completed), is counted as unmatched and
    changes nothing. A step that comes twice or too late is counted and ignored. No step raises. A report from
    the venue (an acknowledgement, a fill or a rejection) proves that the order was submitted, even if it
    arrives before `submitted` is called.

    The span `order {type}` lasts from the construction to the completion. An order that is open at shutdown
    is exported as incomplete.

    Args:
        client_order_id: FIX 11 ClOrdID; on spans and events, never on a metric.
        venue: The venue that it is sent to.
        type: FIX 40 OrdType: "market", "limit", "stop", "stop_limit", "trailing_stop".
        side: FIX 54 Side: "buy", "sell", "sell_short".
        quantity: FIX 38 OrderQty, above 0.
        strategy: The strategy that places it.
        symbol: FIX 55 Symbol; on spans and events.
        arrival_price: Mid of the quote when the order arrived here, for the slippage of its fills.
        decision_price: Mid of the quote when the strategy decided, for the implementation shortfall.
        triggered_at_ns: When the triggering tick was received, in unix nanoseconds of this machine's clock.
        context: The parent of the span; the current context if None.

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
        order_metrics = metrics_of(venue, type_name, side, strategy)
        identity = {names.TRADING_ORDER_ID: self._id, **order_metrics.attributes}
        if symbol is not None:
            identity[TRADING_INSTRUMENT_SYMBOL] = described(symbol)
        self._life = OrderLife(
            order_metrics,
            OrderTrace(type_name, identity, fills.ordered, context),
            fills,
            arrival_price=numbers.optional_price(arrival_price),
            decision_price=numbers.optional_price(decision_price),
            triggered_at_ns=triggered_at_ns,
        )
        # Reentrant: a signal handler may report a fill while its thread is inside another step.
        self._lock = RLock()
        _orders.add(self)

    @classmethod
    def find(cls, client_order_id: str) -> Order | None:
        """Return the open order with this id, else a recently completed one, else None.

        Args:
            client_order_id: FIX 11 ClOrdID, as the venue echoes it. If two open orders have the id, the newer
                one is returned.
        """
        return _orders.find(client_order_id)

    @classmethod
    def open(cls) -> list[Order]:
        """Return the orders that were submitted and have not completed, oldest first."""
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
            venue: The venue that reported it.
            reason: "unknown_order", "duplicate" or "overfill".
            client_order_id: FIX 11 ClOrdID of the report, for the event.
            execution_id: FIX 17 ExecID, for the event.
        """
        known = count_unmatched(described(venue), reason)
        given = {names.TRADING_ORDER_ID: client_order_id, names.TRADING_EXECUTION_ID: execution_id}
        ids = {key: described(value) for key, value in given.items() if value is not None}
        emit_unmatched(described(venue), known, ids)

    @property
    def client_order_id(self) -> str:
        """FIX 11 ClOrdID."""
        return self._id

    @property
    def context(self) -> Context:
        """The context of the order's span, to inject into a request or to use as the parent of a span."""
        return self._life.trace.context

    @property
    def status(self) -> str:
        """FIX 39 OrdStatus: "pending_new", "new", "partially_filled", or the status it completed with."""
        return self._life.status

    @property
    def is_open(self) -> bool:
        """Whether the order was submitted and has not completed."""
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
            strategy_name: How the venue is chosen, such as "best_price"; one of a few words.

        Returns:
            A context manager.
        """
        strategy = described(strategy_name)
        opened = span("route order", {names.TRADING_ORDER_ROUTE_STRATEGY: strategy}, context=self.context)
        return Operation(opened, route_duration(strategy), partial(route_duration, strategy))

    def submitting(self) -> Submission:
        """Time the submission of the order, in a span `submit order`; a block that succeeds submits it.

        If the block raises, the order is not submitted: call `rejected(..., source="gateway")`, or call
        `retried()` and try again.

        Returns:
            A context manager with `sent()`, for a client whose call continues after the last byte left.
        """
        self._life.start_attempt()
        opened = span("submit order", self._life.trace.identity, kind=SpanKind.CLIENT, context=self.context)
        return Submission(opened, self._life.metrics, self.submitted)

    @_step
    def submitted(self) -> None:
        """State that the order left; the second call changes nothing."""
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
        """Add one execution (FIX 150=F Trade); the order completes when its whole quantity is filled.

        An execution without a valid quantity is counted as unmatched. One without a valid price fills the
        order, but adds no notional and no slippage, and is not part of the average price.

        Args:
            quantity: FIX 32 LastQty, above 0.
            price: FIX 31 LastPx, in USD.
            liquidity: FIX 851 LastLiquidityInd: "maker" or "taker".
            execution_id: FIX 17 ExecID; without it, a repeated execution looks like a new one.
            fees: In USD; a rebate is negative.
        """
        executed = numbers.quantity(quantity)
        execution = None if execution_id is None else described(execution_id)
        self._life.execute(executed, numbers.price(price), numbers.number(fees) or 0.0, execution, liquidity)

    @_step
    def canceled(self, *, last_price: float | None = None) -> None:
        """Complete the order as canceled (FIX 150=4), with or without a cancel request.

        An order without any attempt to submit it is withdrawn: it is counted neither as submitted nor as
        completed.

        Args:
            last_price: Mid of the quote now, for the opportunity cost of the unfilled quantity.
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
        """Complete the order as done for the day (FIX 150=3); the event is `trading.order.expired`.

        Args:
            last_price: As in `canceled`.
        """
        self._life.end(names.TRADING_ORDER_EXPIRED, "done_for_day", numbers.optional_price(last_price))

    @_step
    def rejected(self, reason: str, source: str = "venue", *, last_price: float | None = None) -> None:
        """Complete the order as rejected (FIX 150=8).

        An order that the risk check or the gateway refuses before it is submitted is counted as rejected,
        but neither as submitted nor as completed. A rejection by the venue proves that it was submitted.

        Args:
            reason: FIX 103 OrdRejReason in words, such as "insufficient_funds"; also "self_trade_prevention"
                and "throttled".
            source: "risk", "gateway" or "venue".
            last_price: As in `canceled`.
        """
        self._life.reject(source, reason, last_price)

    @_step
    def cancel_requested(self) -> None:
        """Count a request to cancel the order (FIX 35=F), right before it is sent."""
        self._life.request("cancel", {})

    @_step
    def replace_requested(self, quantity: float | None = None, price: float | None = None) -> None:
        """Count a request to replace the order (FIX 35=G), right before it is sent.

        Args:
            quantity: FIX 38 OrderQty of the request, filled part included; None if it stays.
            price: FIX 44 Price of the request, for the trace; None if it stays.
        """
        ordered = None if quantity is None else numbers.quantity(quantity)
        self._life.request_replace(ordered, numbers.optional_price(price))

    @_step
    def replaced(self, *, quantity: float | None = None) -> None:
        """State that the venue replaced the order (FIX 150=5).

        Args:
            quantity: The new FIX 38 OrderQty, filled part included; None for the quantity of
                `replace_requested`. If it does not exceed the filled quantity, the order completes.
        """
        ordered = self._life.requested_quantity if quantity is None else numbers.quantity(quantity)
        self._life.replace(ordered)

    @_step
    def retried(self) -> None:
        """Count one more attempt to submit the order, right before the attempt."""
        self._life.retry()

    @_step
    def give_up(self) -> None:
        """Export the order as incomplete and end its span, once. Shutdown calls it for every open order.

        Its counts do not change, and it can still complete.
        """
        self._life.give_up()


_orders: Final[OpenOrders[Order]] = OpenOrders()
