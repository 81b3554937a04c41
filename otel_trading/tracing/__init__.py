"""Spans around calls and blocks; imports no exporter. Read `traced` first."""

from otel_trading.tracing.provider import attach, detach, flush
from otel_trading.tracing.spans import SpanScope, fail, span, start_span
from otel_trading.tracing.traced import traced

__all__ = ["SpanScope", "attach", "detach", "fail", "flush", "span", "start_span", "traced"]
