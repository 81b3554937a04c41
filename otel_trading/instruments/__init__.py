"""The trading instruments: one object per order, feed, risk gate, portfolio, model, venue or channel.

One call updates metric, span and event together, and no method raises once its instrument is built. There is
one module or folder per domain: `order`, `market_data`, `signal`, `risk`, `portfolio`, `venue`, `runtime`.
"""

from __future__ import annotations

from otel_trading.instruments.channel import Channel
from otel_trading.instruments.market_data import Feed
from otel_trading.instruments.order.order import Order
from otel_trading.instruments.portfolio import Portfolio
from otel_trading.instruments.risk import KillSwitch, RiskGate
from otel_trading.instruments.runtime import clock_offset, heartbeat, monitor_event_loop
from otel_trading.instruments.signal import Model
from otel_trading.instruments.venue import Venue

__all__ = [
    "Channel",
    "Feed",
    "KillSwitch",
    "Model",
    "Order",
    "Portfolio",
    "RiskGate",
    "Venue",
    "clock_offset",
    "heartbeat",
    "monitor_event_loop",
]
