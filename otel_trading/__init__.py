"""OpenTelemetry-native observability for algorithmic trading systems.

    import otel_trading as ot

    ot.configure("execution-engine", environment="paper")

Everything here is a no-op before `configure`. The 54 metrics are in `otel_trading.metrics`, their names and
labels in `otel_trading.semconv`, the functions for ZeroMQ frames in `otel_trading.propagation`, and the
fixtures and doubles for tests in `otel_trading.testing`.
"""

from otel_trading.errors import ConfigurationError, LabelError, OtelTradingError
from otel_trading.instruments import (
    Channel,
    Feed,
    KillSwitch,
    Model,
    Order,
    Portfolio,
    RiskGate,
    Venue,
    clock_offset,
    heartbeat,
    monitor_event_loop,
)
from otel_trading.logs import event
from otel_trading.pipeline import Telemetry, configure
from otel_trading.propagation import extract, inject
from otel_trading.tracing import span, traced

__all__ = [
    "Channel",
    "ConfigurationError",
    "Feed",
    "KillSwitch",
    "LabelError",
    "Model",
    "Order",
    "OtelTradingError",
    "Portfolio",
    "RiskGate",
    "Telemetry",
    "Venue",
    "clock_offset",
    "configure",
    "event",
    "extract",
    "heartbeat",
    "inject",
    "monitor_event_loop",
    "span",
    "traced",
]
