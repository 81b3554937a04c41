"""Log lines and events as log records of OpenTelemetry; imports no exporter. Read `handler` first."""

from otel_trading.logs.events import SEVERITIES, event
from otel_trading.logs.formatter import format_line
from otel_trading.logs.handler import StdlibHandler
from otel_trading.logs.provider import attach, detach

__all__ = ["SEVERITIES", "StdlibHandler", "attach", "detach", "event", "format_line"]
