"""Trace context between processes, in text headers and ZeroMQ frames."""

from otel_trading.propagation.http import extract, inject
from otel_trading.propagation.zeromq import extract_frames, inject_frames

__all__ = ["extract", "extract_frames", "inject", "inject_frames"]
