# Generated from registry/venue.yaml by make generate. Do not edit.
"""Names and definitions of the domain venue."""

from __future__ import annotations

from enum import Enum
from typing import Final

from otel_trading.semconv import boundaries, labels
from otel_trading.semconv.definitions import Metric

TRADING_VENUE_NAME: Final = "trading.venue.name"
"""
The venue or broker; an ISO 10383 market identifier code if it has one.
"""

TRADING_CONNECTION_TYPE: Final = "trading.connection.type"
"""
The purpose of a connection.
"""

TRADING_CONNECTION_STATE: Final = "trading.connection.state"
"""
The state of a connection.
"""


class TradingConnectionTypeValues(Enum):
    """Values of `trading.connection.type`."""

    MARKET_DATA = "market_data"
    """Prices come in."""

    ORDER_ENTRY = "order_entry"
    """Orders go out."""

    DROP_COPY = "drop_copy"
    """Copies of executions come in."""


class TradingConnectionStateValues(Enum):
    """Values of `trading.connection.state`."""

    CONNECTED = "connected"
    """Up, and in session."""

    CONNECTING = "connecting"
    """Being set up."""

    DISCONNECTED = "disconnected"
    """Down while it should be up."""

    IDLE = "idle"
    """Down because the market is closed."""


TRADING_VENUE_REQUEST_FAILED: Final = "trading.venue.request.failed"
"""
Requests to a venue that failed for good, after retries, over any transport.
"""

TRADING_CONNECTION_STATUS: Final = "trading.connection.status"
"""
The state of a connection: 1 for the current state, 0 for the others.
"""

HTTP_CLIENT_REQUEST_DURATION: Final = "http.client.request.duration"
"""
Round trip of one HTTP request to the venue.
"""

METRICS: Final[tuple[Metric, ...]] = (
    Metric(
        name="trading.venue.request.failed",
        kind="counter",
        unit="{request}",
        description="Requests to a venue that failed for good, after retries, over any transport.",
        labels=(labels.VENUE_NAME, labels.ERROR_TYPE),
        service="execution-engine",
        prometheus="trading_venue_request_failed_total",
        boundaries=None,
        slo=None,
        headline=True,
    ),
    Metric(
        name="trading.connection.status",
        kind="updowncounter",
        unit="1",
        description="The state of a connection: 1 for the current state, 0 for the others.",
        labels=(
            labels.CONNECTION_TYPE,
            labels.CONNECTION_STATE,
            labels.OPTIONAL_FEED_NAME,
            labels.OPTIONAL_SERVER_ADDRESS,
        ),
        service="market-data+execution-engine",
        prometheus="trading_connection_status",
        boundaries=None,
        slo=None,
        headline=False,
    ),
    Metric(
        name="http.client.request.duration",
        kind="histogram",
        unit="s",
        description="Round trip of one HTTP request to the venue.",
        labels=(
            labels.SERVER_ADDRESS,
            labels.HTTP_REQUEST_METHOD,
            labels.OPTIONAL_SERVER_PORT,
            labels.OPTIONAL_HTTP_RESPONSE_STATUS_CODE,
            labels.OPTIONAL_ERROR_TYPE,
        ),
        service="execution-engine",
        prometheus="http_client_request_duration_seconds",
        boundaries=boundaries.FROM_1MS_TO_30S,
        slo=0.5,
        headline=True,
    ),
)
"""The domain's metrics, in the order of the registry."""
