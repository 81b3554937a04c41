"""The state machine of one order: the states it can be in, and the metrics and events of each step."""

from __future__ import annotations

from time import perf_counter, time_ns
from typing import Any

from otel_trading import _losses
from otel_trading._guard import warn
from otel_trading.instruments.order.costs import implementation_shortfall, slippage
from otel_trading.instruments.order.fills import Fills
from otel_trading.instruments.order.metrics import OrderMetrics, count_unmatched, rejection_words
from otel_trading.instruments.order.trace import OrderTrace
from otel_trading.recording.handles import OTHER
from otel_trading.semconv import order as names
from otel_trading.values import numbers, times


class OrderLife:
    """The state machine of one order. The caller makes sure that one thread at a time uses it.

    Args:
        metrics: The metrics to count in.
        trace: The span and the events of the order.
        fills: The ordered and the filled quantity.
        arrival_price: For the slippage, or None.
        decision_price: For the implementation shortfall, or None.
        triggered_at_ns: When the triggering tick was received, in unix nanoseconds, or None.

    Attributes:
        status: FIX 39 OrdStatus in words.
        submitted: Whether the order was counted as submitted.
        done: Whether the order has completed.
        attempted_at: When the latest attempt to submit it started, by `perf_counter`, or None.
        requested_quantity: The quantity of the replace request that waits for an answer, or None.
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
        "metrics",
        "requested_quantity",
        "status",
        "submitted",
        "trace",
    )

    def __init__(
        self,
        metrics: OrderMetrics,
        trace: OrderTrace,
        fills: Fills,
        *,
        arrival_price: float | None,
        decision_price: float | None,
        triggered_at_ns: int | None,
    ) -> None:
        self.metrics, self.trace, self.fills = metrics, trace, fills
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

    def start_attempt(self) -> None:
        """Remember when the latest attempt to submit the order started."""
        self.attempted_at = perf_counter()

    def submit(self, sent_at: float | None) -> None:
        """Count the order as submitted.

        Args:
            sent_at: When it left, by `perf_counter`; None if that is unknown, so that no duration starts.
        """
        if self.submitted:
            return
        if self.done:
            self.ignore("submitted")
            return
        self.submitted = True
        self.metrics.submitted.add()
        if sent_at is not None:
            self._sent_at = self._pending["new"] = sent_at
        if self._triggered_at_ns is not None:
            elapsed = times.seconds_since(self._triggered_at_ns, time_ns())
            if elapsed is not None:
                self.metrics.tick_to_trade.record(elapsed)
        self.trace.emit(names.TRADING_ORDER_SUBMITTED, {names.TRADING_ORDER_QUANTITY: self.fills.ordered})

    def mark_submitted(self) -> None:
        """Count the order as submitted if it was not yet: the venue has reported on it, so it must have left.

        The latest attempt to submit it counts as the time at which it left.
        """
        if not self.submitted:
            self.submit(self.attempted_at)

    def acknowledge(self) -> None:
        """Record the venue's acknowledgement (FIX 150=0 New), the first one only."""
        # The venue's session and its drop copy may deliver reports in either order, so that the
        # acknowledgement can follow the first fill, or even the last one. After the end, only a request
        # that still waits for its answer makes it valid.
        # https://www.onixs.biz/fix-dictionary/4.4/tagNum_150.html
        if self._acknowledged or (self.done and "new" not in self._pending):
            self.ignore("acknowledged")
            return
        self.mark_submitted()
        self._acknowledged = True
        self.record_answer("new")
        if self.status == "pending_new":
            self.status = "new"
        self.trace.emit(names.TRADING_ORDER_ACKNOWLEDGED)

    def reject(self, source: object, reason: object, last_price: object) -> None:
        """Complete the order as rejected (FIX 39=8).

        Args:
            source: "risk", "gateway" or "venue", as the caller gave it.
            reason: FIX 103 OrdRejReason in words, as the caller gave it.
            last_price: Mid of the quote now, as the caller gave it, for the shortfall; None if unknown.
        """
        if self.done:
            self.ignore("rejected")
            return
        # Converted only now: a step that is ignored must not count its words and prices as invalid too.
        known_source, known_reason = rejection_words(source, reason)
        if known_source == "venue":
            self.mark_submitted()
        self.metrics.count_rejection(known_source, known_reason)
        self.record_answer("new", known_reason)
        attributes = {
            names.TRADING_ORDER_REJECT_SOURCE: known_source,
            names.TRADING_ORDER_REJECT_REASON: known_reason,
        }
        self.trace.emit(names.TRADING_ORDER_REJECTED, attributes, "warn")
        self.trace.mark_rejected(known_reason)
        self.complete("rejected", numbers.optional_price(last_price))

    def request(self, request_type: str, attributes: dict[str, Any]) -> None:
        """Count a request to cancel or replace the order, and start to time its answer."""
        self.metrics.count_change_request(request_type)
        self._pending[request_type] = perf_counter()
        self.trace.add_span_event(f"{request_type} requested", attributes)

    def request_replace(self, quantity: float | None, price: float | None) -> None:
        """Count a request to replace the order, and keep its quantity until the venue answers.

        Args:
            quantity: FIX 38 OrderQty of the request, or None if it stays.
            price: FIX 44 Price of the request, or None if it stays.
        """
        self.requested_quantity = quantity
        changed = {names.TRADING_ORDER_QUANTITY: quantity, names.TRADING_ORDER_PRICE: price}
        self.request("replace", {key: value for key, value in changed.items() if value is not None})

    def record_answer(self, request_type: str, error_type: str | None = None) -> None:
        """Record how long the venue took to answer a request, if one waits for an answer."""
        sent_at = self._pending.pop(request_type, None)
        if sent_at is not None:
            self.metrics.record_answer(request_type, perf_counter() - sent_at, error_type)

    def replace(self, ordered: float | None) -> None:
        """Apply a replacement that the venue accepted (FIX 150=5).

        Args:
            ordered: The new FIX 38 OrderQty, or None if it stays.
        """
        if self.done:
            self.ignore("replaced")
            return
        self.mark_submitted()
        self.record_answer("replace")
        self.requested_quantity = None
        if ordered is not None:
            self.fills.replace(ordered)
        self.trace.add_span_event("order replaced", {names.TRADING_ORDER_QUANTITY: self.fills.ordered})
        self.complete_if_filled()

    def retry(self) -> None:
        """Count one more attempt to submit the order."""
        if self.done:
            self.ignore("retried")
            return
        self._attempts += 1
        attempt = self.metrics.count_retry(self._attempts)
        self.trace.add_span_event("order retried", {names.TRADING_ORDER_RETRY_ATTEMPT: attempt})

    def execute(
        self, quantity: float | None, price: float | None, fees: float, execution: str | None, liquidity: str
    ) -> None:
        """Add an execution (FIX 150=F Trade), or count it as unmatched if it does not fit the order.

        Args:
            quantity: FIX 32 LastQty, or None if the caller gave no valid one.
            price: FIX 31 LastPx, or None if the caller gave no valid one.
            fees: In USD.
            execution: FIX 17 ExecID, or None.
            liquidity: FIX 851 LastLiquidityInd in words, as the caller gave it.
        """
        ids = {} if execution is None else {names.TRADING_EXECUTION_ID: execution}
        reason: str | None = OTHER
        if quantity is not None:
            reason = self.fills.mismatch(quantity, execution, completed=self.done)
        if quantity is None or reason is not None:
            count_unmatched(self.metrics.venue, str(reason))
            attributes = {**ids, names.TRADING_EXECUTION_UNMATCHED_REASON: reason}
            self.trace.emit(names.TRADING_EXECUTION_UNMATCHED, attributes, "error")
            return
        self.mark_submitted()
        self._record_fill_duration()
        self.fills.add(quantity, price, fees, execution)
        known_liquidity = self.metrics.count_execution(liquidity)
        self._record_costs(quantity, price)
        self.status = "partially_filled" if self.fills.left else "filled"
        filled: dict[str, Any] = {
            **ids,
            names.TRADING_EXECUTION_QUANTITY: quantity,
            names.TRADING_EXECUTION_LIQUIDITY: known_liquidity,
        }
        if price is not None:
            filled[names.TRADING_EXECUTION_PRICE] = price
        self.trace.emit(names.TRADING_ORDER_FILLED, filled)
        self.complete_if_filled()

    def complete_if_filled(self) -> None:
        """Complete the order if its whole quantity is filled (FIX 151 LeavesQty is 0)."""
        if not self.fills.left:
            self.complete("filled", None)

    def end(self, event_name: str, status: str, last_price: float | None) -> None:
        """Complete the order as canceled, expired or done for the day.

        Args:
            event_name: The event to emit.
            status: The terminal FIX 39 OrdStatus, in words.
            last_price: Mid of the quote now, for the shortfall; None if unknown.
        """
        if self.done:
            self.ignore(status)
            return
        # Without an attempt to submit it, the order never reached the venue: the strategy withdrew it,
        # and it counts neither as submitted nor as completed.
        if self.attempted_at is not None:
            self.mark_submitted()
        self.record_answer("cancel")
        self.trace.emit(event_name, {names.TRADING_ORDER_STATUS: status})
        self.complete(status, last_price)

    def complete(self, status: str, last_price: float | None) -> None:
        """End the order. It is counted as completed only if it was submitted.

        Args:
            status: The terminal FIX 39 OrdStatus, in words.
            last_price: Mid of the quote now, for the shortfall; None if unknown.
        """
        self.status, self.done = status, True
        if self.submitted:
            self.metrics.count_completion(status)
            self.metrics.fill_ratio.record(self.fills.ratio)
            self._record_shortfall(last_price)
        self.trace.end({names.TRADING_ORDER_STATUS: status})

    def give_up(self) -> None:
        """Export the order as incomplete if it has not completed; the second call changes nothing."""
        if self.done or self._given_up:
            return
        # `done` stays False: the venue may still report on the order, and its counts must then be right.
        self._given_up = True
        self.trace.emit(
            names.TRADING_ORDER_INCOMPLETE, {names.TRADING_ORDER_QUANTITY: self.fills.ordered}, "warn"
        )
        self.trace.end({names.TRADING_ORDER_INCOMPLETE: True})

    def ignore(self, step: str) -> None:
        """Count a step that came twice or too late, and warn."""
        _losses.add("metrics", "order_step")
        warn(f"order:{step}", "otel_trading: %r was ignored, the order is already %s", step, self.status)

    def _record_fill_duration(self) -> None:
        if not self.fills.quantity and self._sent_at is not None:
            self.metrics.fill_duration.record(perf_counter() - self._sent_at)

    def _record_costs(self, quantity: float, price: float | None) -> None:
        if price is None:
            return
        # The absolute price, because prices may be negative, and a monotonic counter must not fall.
        # https://opentelemetry.io/docs/specs/otel/metrics/api/#counter
        self.metrics.notional.add(quantity * abs(price))
        if self.metrics.sign and self._arrival_price is not None:
            self.metrics.slippage.record(slippage(self.metrics.sign, price, self._arrival_price))

    def _record_shortfall(self, last_price: float | None) -> None:
        fills, sign, decision = self.fills, self.metrics.sign, self._decision_price
        if not sign or decision is None:
            return
        shortfall = implementation_shortfall(sign, fills.executed, fills.left, decision, last_price)
        if shortfall is not None:
            self.metrics.shortfall.record(shortfall)
