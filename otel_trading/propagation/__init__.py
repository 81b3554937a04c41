"""How a trace crosses from one process into the next: text headers, ZeroMQ frames. Bytes in, bytes out."""

from otel_trading.propagation.http import extract, inject

__all__ = ["extract", "inject"]
