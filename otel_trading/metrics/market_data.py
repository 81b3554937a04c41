# Generated from registry/market_data.yaml by make generate. Do not edit.
"""The metrics of the domain market_data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_trading.recording import CounterMetric, GaugeMetric, HistogramMetric
from otel_trading.semconv.market_data import METRICS

if TYPE_CHECKING:
    from otel_trading.recording import Counter, Gauge, Histogram
    from otel_trading.semconv.market_data import (
        TradingMarketDataDropReasonValues,
        TradingMarketDataMessageTypeValues,
        TradingOrderBookUpdateTypeValues,
        TradingOrderBookViolationTypeValues,
    )


class MarketDataProcessDuration(HistogramMetric):
    """Time from the socket read to the dispatch of one market data message.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, feed_name: str, message_type: str | TradingMarketDataMessageTypeValues
        ) -> Histogram: ...


class OrderBookUpdateDuration(HistogramMetric):
    """Duration of one change of an order book.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, feed_name: str, update_type: str | TradingOrderBookUpdateTypeValues
        ) -> Histogram: ...


class MarketDataTransitDuration(HistogramMetric):
    """Time from the exchange's timestamp to the local receipt of a message.

    Read it together with `trading.clock.offset`. A negative value is recorded as 0 and counted as the loss `negative_duration`.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, feed_name: str) -> Histogram: ...


class MarketDataMessageReceived(CounterMetric):
    """Market data messages received, heartbeats included.

    Unit: `{message}`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, feed_name: str, message_type: str | TradingMarketDataMessageTypeValues
        ) -> Counter: ...


class MarketDataConnectionFailed(CounterMetric):
    """Attempts to connect to a feed that failed.

    Unit: `{connection}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, feed_name: str, error_type: str) -> Counter: ...


class MarketDataMessageMissed(CounterMetric):
    """Messages that are missing according to the sequence numbers.

    Unit: `{message}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, feed_name: str) -> Counter: ...


class MarketDataMessageDropped(CounterMetric):
    """Messages that were received but not used.

    Unit: `{message}`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, feed_name: str, drop_reason: str | TradingMarketDataDropReasonValues
        ) -> Counter: ...


class OrderBookViolations(CounterMetric):
    """Impossible states of an order book.

    A crossed book within one venue means a defect of ours or a gap.

    Unit: `{violation}`.
    """

    if TYPE_CHECKING:

        def bind(
            self, *, feed_name: str, violation_type: str | TradingOrderBookViolationTypeValues
        ) -> Counter: ...


class MarketDataLastMessageTimestamp(GaugeMetric):
    """Unix time at which the last message of a feed was received.

    Its age is `time() - x`, which also grows while the process hangs.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(self, *, feed_name: str) -> Gauge: ...


market_data_process_duration: Final = MarketDataProcessDuration(METRICS[0])
order_book_update_duration: Final = OrderBookUpdateDuration(METRICS[1])
market_data_transit_duration: Final = MarketDataTransitDuration(METRICS[2])
market_data_message_received: Final = MarketDataMessageReceived(METRICS[3])
market_data_connection_failed: Final = MarketDataConnectionFailed(METRICS[4])
market_data_message_missed: Final = MarketDataMessageMissed(METRICS[5])
market_data_message_dropped: Final = MarketDataMessageDropped(METRICS[6])
order_book_violations: Final = OrderBookViolations(METRICS[7])
market_data_last_message_timestamp: Final = MarketDataLastMessageTimestamp(METRICS[8])
