# Generated from registry/order.yaml by make generate. Do not edit.
"""Names and definitions of the domain order."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

TRADING_ORDER_ID: Final = "trading.order.id"
"""
The client order id (FIX 11, ClOrdID); on spans and events only, never a metric label.
"""

TRADING_ORDER_TYPE: Final = "trading.order.type"
"""
The order type (FIX 40, OrdType).
"""

TRADING_ORDER_SIDE: Final = "trading.order.side"
"""
The side (FIX 54, Side).
"""

TRADING_ORDER_STATUS: Final = "trading.order.status"
"""
The order's terminal status (FIX 39, OrdStatus).
"""

TRADING_ORDER_REQUEST_TYPE: Final = "trading.order.request.type"
"""
The kind of request to the venue.
"""

TRADING_ORDER_REJECT_SOURCE: Final = "trading.order.reject.source"
"""
The party that rejected the order.
"""

TRADING_ORDER_REJECT_REASON: Final = "trading.order.reject.reason"
"""
The reason of the rejection, in the words of FIX 103, OrdRejReason, and some of our own.
"""

TRADING_ORDER_RETRY_ATTEMPT: Final = "trading.order.retry.attempt"
"""
The number of the retry.
"""

TRADING_ORDER_ROUTE_STRATEGY: Final = "trading.order.route.strategy"
"""
The strategy that chose the route.
"""

TRADING_ORDER_QUANTITY: Final = "trading.order.quantity"
"""
The ordered quantity (FIX 38, OrderQty); on spans and events only.
"""

TRADING_ORDER_PRICE: Final = "trading.order.price"
"""
The limit price (FIX 44, Price); on spans and events only.
"""

TRADING_ORDER_INCOMPLETE: Final = "trading.order.incomplete"
"""
Whether the order was still open when the process ended.
"""

TRADING_EXECUTION_ID: Final = "trading.execution.id"
"""
The venue's id of one execution (FIX 17, ExecID); on spans and events only.
"""

TRADING_EXECUTION_PRICE: Final = "trading.execution.price"
"""
The price of one execution (FIX 31, LastPx); on spans and events only.
"""

TRADING_EXECUTION_QUANTITY: Final = "trading.execution.quantity"
"""
The quantity of one execution (FIX 32, LastQty); on spans and events only.
"""

TRADING_EXECUTION_LIQUIDITY: Final = "trading.execution.liquidity"
"""
Whether the execution added liquidity (FIX 851, LastLiquidityInd).
"""

TRADING_EXECUTION_UNMATCHED_REASON: Final = "trading.execution.unmatched.reason"
"""
The reason why an execution report fits no open order.
"""


class TradingOrderTypeValues(Enum):
    """Values of `trading.order.type`."""

    MARKET = "market"
    """At any price."""

    LIMIT = "limit"
    """At a price or better."""

    STOP = "stop"
    """A market order once a price trades."""

    STOP_LIMIT = "stop_limit"
    """A limit order once a price trades."""

    TRAILING_STOP = "trailing_stop"
    """A stop that follows the price."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingOrderSideValues(Enum):
    """Values of `trading.order.side`."""

    BUY = "buy"
    """Buy (54=1)."""

    SELL = "sell"
    """Sell (54=2)."""

    SELL_SHORT = "sell_short"
    """Sell short (54=5)."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingOrderStatusValues(Enum):
    """Values of `trading.order.status`."""

    FILLED = "filled"
    """Filled completely (39=2)."""

    DONE_FOR_DAY = "done_for_day"
    """Done for the day (39=3)."""

    CANCELED = "canceled"
    """Canceled (39=4)."""

    REJECTED = "rejected"
    """Rejected (39=8)."""

    EXPIRED = "expired"
    """Expired (39=C)."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingOrderRequestTypeValues(Enum):
    """Values of `trading.order.request.type`."""

    NEW = "new"
    """A new order (FIX 35=D)."""

    CANCEL = "cancel"
    """Cancel an order (35=F)."""

    REPLACE = "replace"
    """Change an order (35=G)."""

    MASS_CANCEL = "mass_cancel"
    """Cancel many orders (35=q)."""


class TradingOrderRejectSourceValues(Enum):
    """Values of `trading.order.reject.source`."""

    RISK = "risk"
    """Our own pre-trade checks."""

    GATEWAY = "gateway"
    """Our own connection to the venue."""

    VENUE = "venue"
    """The venue."""


class TradingOrderRejectReasonValues(Enum):
    """Values of `trading.order.reject.reason`."""

    BROKER_OPTION = "broker_option"
    """The broker's decision (103=0)."""

    UNKNOWN_SYMBOL = "unknown_symbol"
    """Unknown symbol (103=1)."""

    EXCHANGE_CLOSED = "exchange_closed"
    """Exchange closed (103=2)."""

    ORDER_EXCEEDS_LIMIT = "order_exceeds_limit"
    """Order exceeds a limit (103=3)."""

    TOO_LATE_TO_ENTER = "too_late_to_enter"
    """Too late to enter (103=4)."""

    UNKNOWN_ORDER = "unknown_order"
    """Unknown order (103=5)."""

    DUPLICATE_ORDER = "duplicate_order"
    """Duplicate order (103=6)."""

    STALE_ORDER = "stale_order"
    """Stale order (103=8)."""

    INCORRECT_QUANTITY = "incorrect_quantity"
    """Incorrect quantity (103=13)."""

    UNKNOWN_ACCOUNT = "unknown_account"
    """Unknown account (103=15)."""

    PRICE_EXCEEDS_BAND = "price_exceeds_band"
    """Price exceeds the current price band (103=16)."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    """Not enough buying power; our own value, since FIX reports it in Text (58)."""

    SELF_TRADE_PREVENTION = "self_trade_prevention"
    """It would have traded with another order of ours; our own value."""

    THROTTLED = "throttled"
    """Too many requests; our own value."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingOrderRetryAttemptValues(Enum):
    """Values of `trading.order.retry.attempt`."""

    FIRST = "1"
    """The first retry."""

    SECOND = "2"
    """The second retry."""

    THIRD_OR_LATER = "3+"
    """The third retry or a later one."""


class TradingExecutionLiquidityValues(Enum):
    """Values of `trading.execution.liquidity`."""

    MAKER = "maker"
    """It added liquidity (851=1)."""

    TAKER = "taker"
    """It removed liquidity (851=2)."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingExecutionUnmatchedReasonValues(Enum):
    """Values of `trading.execution.unmatched.reason`."""

    DUPLICATE = "duplicate"
    """Its execution id was seen before."""

    UNKNOWN_ORDER = "unknown_order"
    """No open order has its order id."""

    OVERFILL = "overfill"
    """It exceeds the rest of the order."""

    OTHER = "_OTHER"
    """Any other value."""


TRADING_ORDER_SUBMIT_DURATION: Final = "trading.order.submit.duration"
"""
Time from the acceptance of an order by the execution engine to the hand-over of its request to the network.
"""

TRADING_TICK_TO_TRADE_DURATION: Final = "trading.tick_to_trade.duration"
"""
Time from the receipt of the tick that triggered an order to the order's departure.
"""

TRADING_ORDER_ROUTE_DURATION: Final = "trading.order.route.duration"
"""
Duration of the choice of a route.
"""

TRADING_ORDER_ACK_DURATION: Final = "trading.order.ack.duration"
"""
Time from a request's departure to the venue's acknowledgement (FIX 150=0, 4 or 5).
"""

TRADING_ORDER_FILL_DURATION: Final = "trading.order.fill.duration"
"""
Time from an order's departure to its first fill.
"""

TRADING_ORDER_SUBMITTED: Final = "trading.order.submitted"
"""
An order left for the venue.
"""

TRADING_ORDER_COMPLETED: Final = "trading.order.completed"
"""
Submitted orders that reached a terminal status, each exactly once.
"""

TRADING_EXECUTION_RECEIVED: Final = "trading.execution.received"
"""
Executions received for our own orders.
"""

TRADING_ORDER_CHANGE_REQUESTED: Final = "trading.order.change.requested"
"""
Requests to cancel or replace orders.
"""

TRADING_ORDER_REJECTED: Final = "trading.order.rejected"
"""
An order was rejected (FIX 150=8).
"""

TRADING_ORDER_RETRIES: Final = "trading.order.retries"
"""
Requests for an order that were sent again.
"""

TRADING_EXECUTION_UNMATCHED: Final = "trading.execution.unmatched"
"""
An execution report fits no open order.
"""

TRADING_EXECUTION_SLIPPAGE: Final = "trading.execution.slippage"
"""
Price of an execution against the mid price at the order's arrival; a value above zero is a cost.
"""

TRADING_ORDER_FILL_RATIO: Final = "trading.order.fill.ratio"
"""
Filled over ordered quantity of each completed order, zero included.
"""

TRADING_EXECUTION_NOTIONAL: Final = "trading.execution.notional"
"""
Traded value, quantity times price.
"""

TRADING_ORDER_IMPLEMENTATION_SHORTFALL: Final = "trading.order.implementation_shortfall"
"""
Cost of each completed order against the price at the time of the decision, with fees and the opportunity cost of the unfilled quantity; a value above zero is a cost.
"""

TRADING_ORDER_ACKNOWLEDGED: Final = "trading.order.acknowledged"
"""
The venue accepted an order (FIX 150=0).
"""

TRADING_ORDER_FILLED: Final = "trading.order.filled"
"""
An order was filled, in part or as a whole (FIX 150=F).
"""

TRADING_ORDER_CANCELED: Final = "trading.order.canceled"
"""
An order was canceled (FIX 150=4).
"""

TRADING_ORDER_EXPIRED: Final = "trading.order.expired"
"""
An order expired (FIX 150=C).
"""

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        name="trading.order.submit.duration",
        kind="histogram",
        unit="s",
        description="Time from the acceptance of an order by the execution engine to the hand-over of its request to the network.",
        labels=(labels.VENUE_NAME, labels.ORDER_TYPE, labels.OPTIONAL_ERROR_TYPE),
        service="execution-engine",
        prometheus="trading_order_submit_duration_seconds",
        boundaries=boundaries.FROM_5US_TO_100MS,
        slo=0.0001,
        headline=True,
    ),
    Metric(
        name="trading.tick_to_trade.duration",
        kind="histogram",
        unit="s",
        description="Time from the receipt of the tick that triggered an order to the order's departure.",
        labels=(labels.STRATEGY_NAME, labels.VENUE_NAME),
        service="execution-engine",
        prometheus="trading_tick_to_trade_duration_seconds",
        boundaries=boundaries.FROM_10US_TO_1S,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order.route.duration",
        kind="histogram",
        unit="s",
        description="Duration of the choice of a route.",
        labels=(labels.ORDER_ROUTE_STRATEGY, labels.OPTIONAL_ERROR_TYPE),
        service="execution-engine",
        prometheus="trading_order_route_duration_seconds",
        boundaries=boundaries.FROM_5US_TO_100MS,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order.ack.duration",
        kind="histogram",
        unit="s",
        description="Time from a request's departure to the venue's acknowledgement (FIX 150=0, 4 or 5).",
        labels=(labels.VENUE_NAME, labels.ORDER_REQUEST_TYPE, labels.OPTIONAL_ERROR_TYPE),
        service="execution-engine",
        prometheus="trading_order_ack_duration_seconds",
        boundaries=boundaries.FROM_1MS_TO_30S,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order.fill.duration",
        kind="histogram",
        unit="s",
        description="Time from an order's departure to its first fill.",
        labels=(labels.VENUE_NAME, labels.ORDER_TYPE),
        service="execution-engine",
        prometheus="trading_order_fill_duration_seconds",
        boundaries=boundaries.FROM_1MS_TO_1800S,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order.submitted",
        kind="counter",
        unit="{order}",
        description="Orders submitted to a venue.",
        labels=(labels.VENUE_NAME, labels.ORDER_TYPE, labels.STRATEGY_NAME),
        service="execution-engine",
        prometheus="trading_order_submitted_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.order.completed",
        kind="counter",
        unit="{order}",
        description="Submitted orders that reached a terminal status, each exactly once.",
        labels=(labels.VENUE_NAME, labels.ORDER_TYPE, labels.ORDER_STATUS),
        service="execution-engine",
        prometheus="trading_order_completed_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.execution.received",
        kind="counter",
        unit="{execution}",
        description="Executions received for our own orders.",
        labels=(labels.VENUE_NAME, labels.EXECUTION_LIQUIDITY),
        service="execution-engine",
        prometheus="trading_execution_received_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order.change.requested",
        kind="counter",
        unit="{request}",
        description="Requests to cancel or replace orders.",
        labels=(labels.VENUE_NAME, labels.ORDER_REQUEST_TYPE),
        service="execution-engine",
        prometheus="trading_order_change_requested_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order.rejected",
        kind="counter",
        unit="{order}",
        description="Rejected orders, by the rejecting party and the reason.",
        labels=(labels.VENUE_NAME, labels.ORDER_REJECT_SOURCE, labels.ORDER_REJECT_REASON),
        service="execution-engine",
        prometheus="trading_order_rejected_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.order.retries",
        kind="counter",
        unit="{retry}",
        description="Requests for an order that were sent again.",
        labels=(labels.VENUE_NAME, labels.ORDER_RETRY_ATTEMPT),
        service="execution-engine",
        prometheus="trading_order_retries_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.execution.unmatched",
        kind="counter",
        unit="{execution}",
        description="Execution reports that fit no open order.",
        labels=(labels.VENUE_NAME, labels.EXECUTION_UNMATCHED_REASON),
        service="execution-engine",
        prometheus="trading_execution_unmatched_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.execution.slippage",
        kind="histogram",
        unit="bps",
        description="Price of an execution against the mid price at the order's arrival; a value above zero is a cost.",
        labels=(labels.VENUE_NAME, labels.ORDER_TYPE, labels.ORDER_SIDE),
        service="execution-engine",
        prometheus="trading_execution_slippage_bps",
        boundaries=boundaries.FROM_MINUS_100BPS_TO_500BPS,
        slo=50.0,
        headline=True,
    ),
    Metric(
        name="trading.order.fill.ratio",
        kind="histogram",
        unit="1",
        description="Filled over ordered quantity of each completed order, zero included.",
        labels=(labels.VENUE_NAME, labels.ORDER_TYPE),
        service="execution-engine",
        prometheus="trading_order_fill_ratio",
        boundaries=boundaries.FROM_0_TO_0_999,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.execution.notional",
        kind="counter",
        unit="USD",
        description="Traded value, quantity times price.",
        labels=(labels.VENUE_NAME, labels.ORDER_SIDE, labels.STRATEGY_NAME),
        service="execution-engine",
        prometheus="trading_execution_notional_USD_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order.implementation_shortfall",
        kind="histogram",
        unit="bps",
        description="Cost of each completed order against the price at the time of the decision, with fees and the opportunity cost of the unfilled quantity; a value above zero is a cost.",
        labels=(labels.STRATEGY_NAME, labels.ORDER_SIDE),
        service="execution-engine",
        prometheus="trading_order_implementation_shortfall_bps",
        boundaries=boundaries.FROM_MINUS_100BPS_TO_500BPS,
        slo=None,
        headline=False,
    ),
)
"""The domain's metrics, in the order of the registry."""
