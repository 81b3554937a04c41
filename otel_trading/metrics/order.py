# Generated from registry/order.yaml by make generate. Do not edit.
"""The metrics of the domain order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_trading.recording import CounterMetric, HistogramMetric
from otel_trading.semconv.order import METRICS

if TYPE_CHECKING:
    from otel_trading.recording import Counter, Histogram
    from otel_trading.semconv.order import (
        TradingExecutionLiquidityValues,
        TradingExecutionUnmatchedReasonValues,
        TradingOrderRejectReasonValues,
        TradingOrderRejectSourceValues,
        TradingOrderRequestTypeValues,
        TradingOrderRetryAttemptValues,
        TradingOrderSideValues,
        TradingOrderStatusValues,
        TradingOrderTypeValues,
    )


class OrderSubmitDuration(HistogramMetric):
    """Time from the acceptance of an order by the execution engine to the hand-over of its request to the network.

    Excludes the round trip to the venue, which is `trading.order.ack.duration`.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, venue_name: str, order_type: str | TradingOrderTypeValues, error_type: str | None = None
        ) -> Histogram: ...


class TickToTradeDuration(HistogramMetric):
    """Time from the receipt of the tick that triggered an order to the order's departure.

    Both times must come from one clock, or from clocks corrected by `trading.clock.offset`.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, strategy_name: str, venue_name: str) -> Histogram: ...


class OrderRouteDuration(HistogramMetric):
    """Duration of the choice of a route.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, route_strategy: str, error_type: str | None = None) -> Histogram: ...


class OrderAckDuration(HistogramMetric):
    """Time from a request's departure to the venue's acknowledgement (FIX 150=0, 4 or 5).

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            venue_name: str,
            request_type: str | TradingOrderRequestTypeValues,
            error_type: str | None = None,
        ) -> Histogram: ...


class OrderFillDuration(HistogramMetric):
    """Time from an order's departure to its first fill.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, venue_name: str, order_type: str | TradingOrderTypeValues) -> Histogram: ...


class OrderSubmitted(CounterMetric):
    """Orders submitted to a venue.

    Submitted = completed + open, always.

    Unit: `{order}`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, venue_name: str, order_type: str | TradingOrderTypeValues, strategy_name: str
        ) -> Counter: ...


class OrderCompleted(CounterMetric):
    """Submitted orders that reached a terminal status, each exactly once.

    Unit: `{order}`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            venue_name: str,
            order_type: str | TradingOrderTypeValues,
            order_status: str | TradingOrderStatusValues,
        ) -> Counter: ...


class ExecutionReceived(CounterMetric):
    """Executions received for our own orders.

    Unit: `{execution}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, venue_name: str, liquidity: str | TradingExecutionLiquidityValues) -> Counter: ...


class OrderChangeRequested(CounterMetric):
    """Requests to cancel or replace orders.

    The numerator of the order-to-trade ratio.

    Unit: `{request}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, venue_name: str, request_type: str | TradingOrderRequestTypeValues) -> Counter: ...


class OrderRejected(CounterMetric):
    """Rejected orders, by the rejecting party and the reason.

    An order that our own risk checks reject is counted here, but not as submitted.

    Unit: `{order}`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            venue_name: str,
            reject_source: str | TradingOrderRejectSourceValues,
            reject_reason: str | TradingOrderRejectReasonValues,
        ) -> Counter: ...


class OrderRetries(CounterMetric):
    """Requests for an order that were sent again.

    Unit: `{retry}`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, venue_name: str, retry_attempt: str | TradingOrderRetryAttemptValues
        ) -> Counter: ...


class ExecutionUnmatched(CounterMetric):
    """Execution reports that fit no open order.

    Unit: `{execution}`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, venue_name: str, unmatched_reason: str | TradingExecutionUnmatchedReasonValues
        ) -> Counter: ...


class ExecutionSlippage(HistogramMetric):
    """Price of an execution against the mid price at the order's arrival; a value above zero is a cost.

    Signed, so a price improvement is negative. The unit bps is not part of UCUM; every backend keeps it unchanged.

    Unit: `bps`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            venue_name: str,
            order_type: str | TradingOrderTypeValues,
            order_side: str | TradingOrderSideValues,
        ) -> Histogram: ...


class OrderFillRatio(HistogramMetric):
    """Filled over ordered quantity of each completed order, zero included.

    Unit: `1`.
    """

    if TYPE_CHECKING:

        def bind(self, *, venue_name: str, order_type: str | TradingOrderTypeValues) -> Histogram: ...


class ExecutionNotional(CounterMetric):
    """Traded value, quantity times price.

    The daily volume is its `increase()`; the counter is never reset. The unit USD is not part of UCUM; every backend keeps it unchanged.

    Unit: `USD`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, venue_name: str, order_side: str | TradingOrderSideValues, strategy_name: str
        ) -> Counter: ...


class OrderImplementationShortfall(HistogramMetric):
    """Cost of each completed order against the price at the time of the decision, with fees and the opportunity cost of the unfilled quantity; a value above zero is a cost.

    Perold (1988). The unit bps is not part of UCUM; every backend keeps it unchanged.

    Unit: `bps`.
    """

    if TYPE_CHECKING:

        def bind(self, *, strategy_name: str, order_side: str | TradingOrderSideValues) -> Histogram: ...


order_submit_duration: Final = OrderSubmitDuration(METRICS[0])
tick_to_trade_duration: Final = TickToTradeDuration(METRICS[1])
order_route_duration: Final = OrderRouteDuration(METRICS[2])
order_ack_duration: Final = OrderAckDuration(METRICS[3])
order_fill_duration: Final = OrderFillDuration(METRICS[4])
order_submitted: Final = OrderSubmitted(METRICS[5])
order_completed: Final = OrderCompleted(METRICS[6])
execution_received: Final = ExecutionReceived(METRICS[7])
order_change_requested: Final = OrderChangeRequested(METRICS[8])
order_rejected: Final = OrderRejected(METRICS[9])
order_retries: Final = OrderRetries(METRICS[10])
execution_unmatched: Final = ExecutionUnmatched(METRICS[11])
execution_slippage: Final = ExecutionSlippage(METRICS[12])
order_fill_ratio: Final = OrderFillRatio(METRICS[13])
execution_notional: Final = ExecutionNotional(METRICS[14])
order_implementation_shortfall: Final = OrderImplementationShortfall(METRICS[15])
