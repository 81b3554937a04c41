"""The trading instruments: what must always hold for an order, a feed, a limit, and how it is told.

One call keeps metric, span and event consistent, and no method raises once its instrument is built.
Open the domain's module first: `order`, `market_data`, `signal`, `risk`, `portfolio`, `venue`, `runtime`.
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
