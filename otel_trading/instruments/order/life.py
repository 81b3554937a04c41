"""The life of an order: the states it can be in, and what entering each of them tells metrics and trace."""

from __future__ import annotations

from time import perf_counter, time_ns
from typing import Any

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.instruments.order.costs import implementation_shortfall, slippage
from otel_trading.instruments.order.fills import Fills
from otel_trading.instruments.order.metrics import OrderMetrics, count_unmatched
from otel_trading.instruments.order.trace import OrderTrace
from otel_trading.recording.handles import OTHER
from otel_trading.semconv import order as names
from otel_trading.values import times


class OrderLife:
    """The state machine of one order; whoever uses it sees to it that one thread does at a time.

    Args:
        kind: The metrics to count in.
        trace: The span to tell on.
        fills: What is ordered and filled.
        arrival_price: For the slippage, or None.
        decision_price: For the implementation shortfall, or None.
        triggered_at_ns: When the tick came in, unix nanoseconds, or None.

    Attributes:
        status: FIX 39 OrdStatus in words.
        submitted: Whether it was counted as submitted.
        done: Whether it is over.
        attempted_at: When it was last tried to hand it over, by `perf_counter`.
    """

    __slots__ = (
        "_acknowledged",
        "_arrival_price",
        "_attempts",
        "_decision_price",
        "_given_up",
        "_pending",
        "_sent_at",
        "_triggered_at_ns",
        "attempted_at",
        "done",
        "fills",
        "kind",
        "requested_quantity",
        "status",
        "submitted",
        "trace",
    )

    def __init__(
        self,
        kind: OrderMetrics,
        trace: OrderTrace,
        fills: Fills,
        *,
        arrival_price: float | None,
        decision_price: float | None,
        triggered_at_ns: int | None,
    ) -> None:
        self.kind, self.trace, self.fills = kind, trace, fills
        self.status = "pending_new"
        self.submitted = self.done = self._acknowledged = self._given_up = False
        self.attempted_at: float | None = None
        self.requested_quantity: float | None = None
        self._arrival_price = arrival_price
        self._decision_price = decision_price
        self._triggered_at_ns = triggered_at_ns
        self._attempts = 0
        self._sent_at: float | None = None
        self._pending: dict[str, float] = {}

    def submit(self, sent_at: float | None) -> None:
        """Count the order as submitted.

        Args:
            sent_at: When it left, by `perf_counter`; None if nobody looked, so that no duration starts.
        """
        if self.submitted:
            return
        if self.done:
            self.ignore("submitted")
            return
        self.submitted = True
        self.kind.submitted.add()
        if sent_at is not None:
            self._sent_at = self._pending["new"] = sent_at
        if self._triggered_at_ns is not None:
            elapsed = times.seconds_since(self._triggered_at_ns, time_ns())
            if elapsed is not None:
                self.kind.tick_to_trade.record(elapsed)
        self.trace.tell(names.TRADING_ORDER_SUBMITTED, {names.TRADING_ORDER_QUANTITY: self.fills.ordered})

    def heard(self) -> None:
        """Take news of the venue as a sign that the order left, at the last attempt if there was one."""
        if not self.submitted:
            self.submit(self.attempted_at)

    def acknowledge(self) -> None:
        """Take in the acknowledgement; it may come after the first fill, or after the last."""
        if self._acknowledged or (self.done and "new" not in self._pending):
            self.ignore("acknowledged")
            return
        self.heard()
        self._acknowledged = True
        self.answered("new")
        if self.status == "pending_new":
            self.status = "new"
        self.trace.tell(names.TRADING_ORDER_ACKNOWLEDGED)

    def reject(self, source: str, reason: str, last_price: float | None) -> None:
        """Complete the order as rejected (FIX 39=8).

        Args:
            source: "risk", "gateway" or "venue".
            reason: The reason, from the metric's closed set.
            last_price: The instrument's last price, for the shortfall; None if it is not known.
        """
        if self.done:
            self.ignore("rejected")
            return
        if source == "venue":
            self.heard()
        self.kind.rejected(source, reason)
        self.answered("new", reason)
        attributes = {names.TRADING_ORDER_REJECT_SOURCE: source, names.TRADING_ORDER_REJECT_REASON: reason}
        self.trace.tell(names.TRADING_ORDER_REJECTED, attributes, "warn")
        self.trace.fail(reason)
        self.complete("rejected", last_price)

    def request(self, request_type: str, attributes: dict[str, Any]) -> None:
        """Count a request to change the order, and wait for its answer."""
        self.kind.change_requested(request_type)
        self._pending[request_type] = perf_counter()
        self.trace.note(f"{request_type} requested", attributes)

    def answered(self, request_type: str, error_type: str | None = None) -> None:
        """Record how long the answer to a request took, if one was waited for."""
        sent_at = self._pending.pop(request_type, None)
        if sent_at is not None:
            self.kind.acknowledged(request_type, perf_counter() - sent_at, error_type)

    def replace(self, ordered: float | None) -> None:
        """Take in the new quantity, or None if it stays, that the venue has accepted."""
        if self.done:
            self.ignore("replaced")
            return
        self.heard()
        self.answered("replace")
        self.requested_quantity = None
        if ordered is not None:
            self.fills.replace(ordered)
        self.trace.note("order replaced", {names.TRADING_ORDER_QUANTITY: self.fills.ordered})
        self.complete_if_filled()

    def retry(self) -> None:
        """Count one more attempt."""
        if self.done:
            self.ignore("retried")
            return
        self._attempts += 1
        attempt = self.kind.retried(self._attempts)
        self.trace.note("order retried", {names.TRADING_ORDER_RETRY_ATTEMPT: attempt})

    def execute(
        self, quantity: float | None, price: float | None, fees: float, execution: str | None, liquidity: str
    ) -> None:
        """Take in an execution, which is counted as unmatched if it does not belong to the order."""
        ids = {} if execution is None else {names.TRADING_EXECUTION_ID: execution}
        reason: str | None = OTHER
        if quantity is not None:
            reason = self.fills.mismatch(quantity, execution, completed=self.done)
        if quantity is None or reason is not None:
            count_unmatched(self.kind.venue, str(reason))
            attributes = {**ids, names.TRADING_EXECUTION_UNMATCHED_REASON: reason}
            self.trace.tell(names.TRADING_EXECUTION_UNMATCHED, attributes, "error")
            return
        self.heard()
        self._record_fill_duration()
        self.fills.take(quantity, price, fees, execution)
        known = self.kind.executed(liquidity)
        self._record_costs(quantity, price)
        self.status = "partially_filled" if self.fills.left else "filled"
        told: dict[str, Any] = {
            **ids,
            names.TRADING_EXECUTION_QUANTITY: quantity,
            names.TRADING_EXECUTION_LIQUIDITY: known,
        }
        if price is not None:
            told[names.TRADING_EXECUTION_PRICE] = price
        self.trace.tell(names.TRADING_ORDER_FILLED, told)
        self.complete_if_filled()

    def complete_if_filled(self) -> None:
        """Complete the order when nothing of it is left."""
        if not self.fills.left:
            self.complete("filled", None)

    def end(self, event_name: str, status: str, last_price: float | None) -> None:
        """Complete the order for a reason other than a fill or a rejection."""
        if self.done:
            self.ignore(status)
            return
        if self.attempted_at is not None:
            self.heard()
        self.answered("cancel")
        self.trace.tell(event_name, {names.TRADING_ORDER_STATUS: status})
        self.complete(status, last_price)

    def complete(self, status: str, last_price: float | None) -> None:
        """Complete the order, which is counted if it was submitted."""
        self.status, self.done = status, True
        if self.submitted:
            self.kind.completed(status)
            self.kind.fill_ratio.record(self.fills.ratio)
            self._record_shortfall(last_price)
        self.trace.end({names.TRADING_ORDER_STATUS: status})

    def give_up(self) -> None:
        """Export an order that is not over as incomplete, once."""
        if self.done or self._given_up:
            return
        self._given_up = True
        self.trace.tell(
            names.TRADING_ORDER_INCOMPLETE, {names.TRADING_ORDER_QUANTITY: self.fills.ordered}, "warn"
        )
        self.trace.end({names.TRADING_ORDER_INCOMPLETE: True})

    def ignore(self, step: str) -> None:
        """Count a step that comes twice or too late."""
        _losses.add("metrics", "order_step")
        warn(f"order:{step}", "otel_trading: %r was ignored, the order is already %s", step, self.status)

    def _record_fill_duration(self) -> None:
        if not self.fills.quantity and self._sent_at is not None:
            self.kind.fill_duration.record(perf_counter() - self._sent_at)

    def _record_costs(self, quantity: float, price: float | None) -> None:
        if price is None:
            return
        self.kind.notional.add(quantity * abs(price))
        if self.kind.sign and self._arrival_price is not None:
            self.kind.slippage.record(slippage(self.kind.sign, price, self._arrival_price))

    def _record_shortfall(self, last_price: float | None) -> None:
        fills, sign, decision = self.fills, self.kind.sign, self._decision_price
        if not sign or decision is None:
            return
        shortfall = implementation_shortfall(sign, fills.executed, fills.left, decision, last_price)
        if shortfall is not None:
            self.kind.shortfall.record(shortfall)
