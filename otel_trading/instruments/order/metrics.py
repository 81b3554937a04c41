"""The metrics of orders, bound once per venue, type, side and strategy."""

from __future__ import annotations

from functools import lru_cache

from otel_trading import metrics
from otel_trading.instruments import _arguments
from otel_trading.instruments.order.costs import SIGNS
from otel_trading.recording import Histogram
from otel_trading.semconv import order as names
from otel_trading.semconv.signal import TRADING_STRATEGY_NAME
from otel_trading.semconv.venue import TRADING_VENUE_NAME
from otel_trading.values.error_type import error_type

_RETRIES = ("1", "2", "3+")


class OrderMetrics:
    """The metrics of all orders with the same venue, type, side and strategy.

    Args:
        venue: The venue's name.
        type: A value of `trading.order.type` (FIX 40).
        side: A value of `trading.order.side` (FIX 54).
        strategy: The strategy that places the order.

    Attributes:
        attributes: The arguments as attributes, for spans and events.
        sign: 1 for a buyer, -1 for a seller, 0 if the side is unknown.
    """

    def __init__(self, venue: str, type: str, side: str, strategy: str) -> None:
        self.venue, self.type, self.sign = venue, type, SIGNS.get(side, 0)
        self.attributes = {
            TRADING_VENUE_NAME: venue,
            names.TRADING_ORDER_TYPE: type,
            names.TRADING_ORDER_SIDE: side,
            TRADING_STRATEGY_NAME: strategy,
        }
        labels = {"venue_name": venue, "order_type": type}
        self.submitted = metrics.order_submitted.bind(**labels, strategy_name=strategy)
        self.submit_duration = metrics.order_submit_duration.bind(**labels)
        self.tick_to_trade = metrics.tick_to_trade_duration.bind(strategy_name=strategy, venue_name=venue)
        self.fill_duration = metrics.order_fill_duration.bind(**labels)
        self.fill_ratio = metrics.order_fill_ratio.bind(**labels)
        self.slippage = metrics.execution_slippage.bind(**labels, order_side=side)
        self.notional = metrics.execution_notional.bind(
            venue_name=venue, order_side=side, strategy_name=strategy
        )
        self.shortfall = metrics.order_implementation_shortfall.bind(strategy_name=strategy, order_side=side)
        # Bound from the start: `increase()` misses the first retry of a series that starts at 1.
        # https://prometheus.io/docs/practices/instrumentation/#avoid-missing-metrics
        self.retries = {n: metrics.order_retries.bind(venue_name=venue, retry_attempt=n) for n in _RETRIES}

    def submit_failed(self, error: BaseException) -> Histogram:
        """Return the submit duration of an order that could not be submitted."""
        return metrics.order_submit_duration.bind(
            venue_name=self.venue, order_type=self.type, error_type=error_type(error)
        )

    def record_answer(self, request_type: str, elapsed: float, error_type: str | None = None) -> None:
        """Record the time that the venue took to answer a request.

        Args:
            request_type: "new", "cancel" or "replace".
            elapsed: Seconds from the request to the answer.
            error_type: The reason of a rejection.
        """
        metrics.order_ack_duration.bind(
            venue_name=self.venue, request_type=request_type, error_type=error_type
        ).record(elapsed)

    def count_change_request(self, request_type: str) -> None:
        """Count a request to cancel or replace the order."""
        metrics.order_change_requested.bind(venue_name=self.venue, request_type=request_type).add()

    def count_retry(self, attempt: int) -> str:
        """Count an attempt to submit the order again.

        Args:
            attempt: 1 for the first retry.

        Returns:
            The value of the label, "1", "2" or "3+".
        """
        counted = _RETRIES[min(attempt, len(_RETRIES)) - 1]
        self.retries[counted].add()
        return counted

    def count_execution(self, liquidity: str) -> str:
        """Count an execution of the order, and return the value of the label for its liquidity."""
        known = _arguments.word(metrics.execution_received, "liquidity", liquidity)
        metrics.execution_received.bind(venue_name=self.venue, liquidity=known).add()
        return known

    def count_rejection(self, source: str, reason: str) -> None:
        """Count the order as rejected."""
        metrics.order_rejected.bind(venue_name=self.venue, reject_source=source, reject_reason=reason).add()

    def count_completion(self, status: str) -> None:
        """Count the order as completed."""
        metrics.order_completed.bind(venue_name=self.venue, order_type=self.type, order_status=status).add()


# A strategy builds orders on its critical path, and few combinations repeat all day.
@lru_cache(maxsize=1024)
def metrics_of(venue: str, type: str, side: str, strategy: str) -> OrderMetrics:
    """Return the metrics of orders with this venue, type, side and strategy."""
    return OrderMetrics(venue, type, side, strategy)


def rejection_words(source: object, reason: object) -> tuple[str, str]:
    """Return source and reason of a rejection as the labels allow them; an unknown one becomes `_OTHER`."""
    return (
        _arguments.word(metrics.order_rejected, "reject_source", source),
        _arguments.word(metrics.order_rejected, "reject_reason", reason),
    )


def route_duration(strategy: str, error: BaseException | None = None) -> Histogram:
    """Return the histogram for the choice of a route.

    Args:
        strategy: How the route is chosen.
        error: The exception that ended the choice, if any.
    """
    type_name = None if error is None else error_type(error)
    return metrics.order_route_duration.bind(route_strategy=strategy, error_type=type_name)


def count_unmatched(venue: str, reason: str) -> str:
    """Count an execution that fits no open order, and return the value of the label for the reason."""
    known = _arguments.word(metrics.execution_unmatched, "unmatched_reason", reason)
    metrics.execution_unmatched.bind(venue_name=venue, unmatched_reason=known).add()
    return known
