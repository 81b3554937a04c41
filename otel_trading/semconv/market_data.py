# Generated from registry/market_data.yaml by make generate. Do not edit.
"""Names and definitions of the domain market_data."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

TRADING_FEED_NAME: Final = "trading.feed.name"
"""
The desk's name for the market data feed.
"""

TRADING_MARKET_DATA_MESSAGE_TYPE: Final = "trading.market_data.message.type"
"""
The content of a feed message.
"""

TRADING_MARKET_DATA_DROP_REASON: Final = "trading.market_data.drop.reason"
"""
The reason why a received message was not used.
"""

TRADING_MARKET_DATA_GAP_SIZE: Final = "trading.market_data.gap.size"
"""
The number of messages that are missing in a sequence gap.
"""

TRADING_ORDER_BOOK_UPDATE_TYPE: Final = "trading.order_book.update.type"
"""
The kind of change to the book.
"""

TRADING_ORDER_BOOK_VIOLATION_TYPE: Final = "trading.order_book.violation.type"
"""
The rule that the book violates.
"""

TRADING_INSTRUMENT_SYMBOL: Final = "trading.instrument.symbol"
"""
The instrument's symbol at the venue; opt-in as a label, because every symbol is a series.
"""


class TradingMarketDataMessageTypeValues(Enum):
    """Values of `trading.market_data.message.type`."""

    TRADE = "trade"
    """A trade."""

    QUOTE = "quote"
    """A change of the best bid or offer."""

    BOOK = "book"
    """A change of the book's depth."""

    STATUS = "status"
    """A halt, a resumption or another state of trading."""

    HEARTBEAT = "heartbeat"
    """A sign of life without data."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingMarketDataDropReasonValues(Enum):
    """Values of `trading.market_data.drop.reason`."""

    DECODE = "decode"
    """It could not be decoded, or has an impossible price or size."""

    OVERFLOW = "overflow"
    """A queue of ours was full."""

    OUT_OF_ORDER = "out_of_order"
    """A later message was received before it."""

    DUPLICATE = "duplicate"
    """The same message was received before."""

    STALE = "stale"
    """It was too old to act on."""

    OTHER = "_OTHER"
    """Any other value."""


class TradingOrderBookUpdateTypeValues(Enum):
    """Values of `trading.order_book.update.type`."""

    SNAPSHOT = "snapshot"
    """It was replaced as a whole."""

    DELTA = "delta"
    """One change was applied."""


class TradingOrderBookViolationTypeValues(Enum):
    """Values of `trading.order_book.violation.type`."""

    CROSSED = "crossed"
    """The best bid is above the best offer."""

    LOCKED = "locked"
    """The best bid equals the best offer."""

    UNKNOWN_ORDER = "unknown_order"
    """A change names an order that the book does not have."""

    NEGATIVE_SIZE = "negative_size"
    """A level's size fell below zero."""

    OTHER = "_OTHER"
    """Any other value."""


TRADING_MARKET_DATA_PROCESS_DURATION: Final = "trading.market_data.process.duration"
"""
Time from the socket read to the dispatch of one market data message.
"""

TRADING_ORDER_BOOK_UPDATE_DURATION: Final = "trading.order_book.update.duration"
"""
Duration of one change of an order book.
"""

TRADING_MARKET_DATA_TRANSIT_DURATION: Final = "trading.market_data.transit.duration"
"""
Time from the exchange's timestamp to the local receipt of a message.
"""

TRADING_MARKET_DATA_MESSAGE_RECEIVED: Final = "trading.market_data.message.received"
"""
Market data messages received, heartbeats included.
"""

TRADING_MARKET_DATA_CONNECTION_FAILED: Final = "trading.market_data.connection.failed"
"""
Attempts to connect to a feed that failed.
"""

TRADING_MARKET_DATA_MESSAGE_MISSED: Final = "trading.market_data.message.missed"
"""
Messages that are missing according to the sequence numbers.
"""

TRADING_MARKET_DATA_MESSAGE_DROPPED: Final = "trading.market_data.message.dropped"
"""
Messages that were received but not used.
"""

TRADING_ORDER_BOOK_VIOLATIONS: Final = "trading.order_book.violations"
"""
Impossible states of an order book.
"""

TRADING_MARKET_DATA_LAST_MESSAGE_TIMESTAMP: Final = "trading.market_data.last_message.timestamp"
"""
Unix time at which the last message of a feed was received.
"""

TRADING_MARKET_DATA_CONNECTED: Final = "trading.market_data.connected"
"""
A feed is connected.
"""

TRADING_MARKET_DATA_DISCONNECTED: Final = "trading.market_data.disconnected"
"""
A feed is disconnected while it should be connected.
"""

TRADING_MARKET_DATA_GAP: Final = "trading.market_data.gap"
"""
Messages of a feed are missing.
"""

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        name="trading.market_data.process.duration",
        kind="histogram",
        unit="s",
        description="Time from the socket read to the dispatch of one market data message.",
        labels=(labels.FEED_NAME, labels.MARKET_DATA_MESSAGE_TYPE),
        service="market-data",
        prometheus="trading_market_data_process_duration_seconds",
        boundaries=boundaries.FROM_500NS_TO_5MS,
        slo=1e-05,
        headline=True,
    ),
    Metric(
        name="trading.order_book.update.duration",
        kind="histogram",
        unit="s",
        description="Duration of one change of an order book.",
        labels=(labels.FEED_NAME, labels.ORDER_BOOK_UPDATE_TYPE),
        service="market-data",
        prometheus="trading_order_book_update_duration_seconds",
        boundaries=boundaries.FROM_500NS_TO_5MS,
        slo=1e-05,
        headline=True,
    ),
    Metric(
        name="trading.market_data.transit.duration",
        kind="histogram",
        unit="s",
        description="Time from the exchange's timestamp to the local receipt of a message.",
        labels=(labels.FEED_NAME,),
        service="market-data",
        prometheus="trading_market_data_transit_duration_seconds",
        boundaries=boundaries.FROM_10US_TO_5S,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.market_data.message.received",
        kind="counter",
        unit="{message}",
        description="Market data messages received, heartbeats included.",
        labels=(labels.FEED_NAME, labels.MARKET_DATA_MESSAGE_TYPE),
        service="market-data",
        prometheus="trading_market_data_message_received_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.market_data.connection.failed",
        kind="counter",
        unit="{connection}",
        description="Attempts to connect to a feed that failed.",
        labels=(labels.FEED_NAME, labels.ERROR_TYPE),
        service="market-data",
        prometheus="trading_market_data_connection_failed_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.market_data.message.missed",
        kind="counter",
        unit="{message}",
        description="Messages that are missing according to the sequence numbers.",
        labels=(labels.FEED_NAME,),
        service="market-data",
        prometheus="trading_market_data_message_missed_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.market_data.message.dropped",
        kind="counter",
        unit="{message}",
        description="Messages that were received but not used.",
        labels=(labels.FEED_NAME, labels.MARKET_DATA_DROP_REASON),
        service="market-data",
        prometheus="trading_market_data_message_dropped_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.order_book.violations",
        kind="counter",
        unit="{violation}",
        description="Impossible states of an order book.",
        labels=(labels.FEED_NAME, labels.ORDER_BOOK_VIOLATION_TYPE),
        service="market-data",
        prometheus="trading_order_book_violations_total",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="trading.market_data.last_message.timestamp",
        kind="gauge",
        unit="s",
        description="Unix time at which the last message of a feed was received.",
        labels=(labels.FEED_NAME,),
        service="market-data",
        prometheus="trading_market_data_last_message_timestamp_seconds",
        boundaries=None,
        slo=None,
        headline=False,
    ),
)
"""The domain's metrics, in the order of the registry."""
