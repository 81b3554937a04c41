"""How one call becomes a span: imports no exporter. Open `traced` first."""

from otel_trading.tracing.provider import attach, detach, flush
from otel_trading.tracing.spans import SpanScope, error_type, fail, span, start_span
from otel_trading.tracing.traced import traced

__all__ = ["SpanScope", "attach", "detach", "error_type", "fail", "flush", "span", "start_span", "traced"]
