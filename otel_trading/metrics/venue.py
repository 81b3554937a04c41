# Generated from registry/venue.yaml by make generate. Do not edit.
"""The metrics of the domain venue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from otel_trading.recording import CounterMetric, HistogramMetric, UpDownCounterMetric
from otel_trading.semconv.venue import METRICS

if TYPE_CHECKING:
    from otel_trading.recording import Counter, Histogram, UpDownCounter
    from otel_trading.semconv.venue import TradingConnectionStateValues, TradingConnectionTypeValues


class VenueRequestFailed(CounterMetric):
    """Requests to a venue that failed for good, after retries, over any transport.

    Unit: `{request}`.
    """

    if TYPE_CHECKING:

        def bind(self, *, venue_name: str, error_type: str) -> Counter: ...


class ConnectionStatus(UpDownCounterMetric):
    """The state of a connection: 1 for the current state, 0 for the others.

    Idle means out of session, so that no query needs a calendar.

    Unit: `1`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            connection_type: str | TradingConnectionTypeValues,
            state: str | TradingConnectionStateValues,
            feed_name: str | None = None,
            server_address: str | None = None,
        ) -> UpDownCounter: ...


class HttpClientRequestDuration(HistogramMetric):
    """Round trip of one HTTP request to the venue.

    The boundaries are finer than those of the convention, so that the objective is one of them.

    Unit: `s`.
    """

    if TYPE_CHECKING:

        def bind(
            self,
            *,
            server_address: str,
            request_method: str,
            server_port: int | None = None,
            response_status_code: int | None = None,
            error_type: str | None = None,
        ) -> Histogram: ...


venue_request_failed: Final = VenueRequestFailed(METRICS[0])
connection_status: Final = ConnectionStatus(METRICS[1])
http_client_request_duration: Final = HttpClientRequestDuration(METRICS[2])
