"""How a trace crosses from one process into the next: text headers, ZeroMQ frames. Bytes in, bytes out."""

from otel_trading.propagation.http import extract, inject
from otel_trading.propagation.zeromq import extract_frames, inject_frames

__all__ = ["extract", "extract_frames", "inject", "inject_frames"]
