# Generated from registry/*.yaml by make generate. Do not edit.
"""The vocabulary for Python: keys, enums and definitions, one module per domain."""

from typing import Final

from otel_trading.semconv import market_data, order, portfolio, risk, runtime, signal, venue
from otel_trading.semconv.definitions import Metric

SCHEMA_URL: Final = "https://otel-trading.dev/schemas/0.1.0"
"""The schema URL of all telemetry of this package."""

ALL_METRICS: Final[tuple[Metric, ...]] = (
    *market_data.METRICS,
    *signal.METRICS,
    *risk.METRICS,
    *order.METRICS,
    *portfolio.METRICS,
    *venue.METRICS,
    *runtime.METRICS,
)
"""The 54 metrics, in the order of the data flow."""
