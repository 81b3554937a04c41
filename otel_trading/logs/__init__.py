"""Log lines and events become log records of OpenTelemetry. Read `handler` first; no exporter is imported."""

from otel_trading.logs.events import SEVERITIES, event
from otel_trading.logs.formatter import format_line
from otel_trading.logs.handler import StdlibHandler
from otel_trading.logs.provider import attach, detach

__all__ = ["SEVERITIES", "StdlibHandler", "attach", "detach", "event", "format_line"]
