"""User code that must pass mypy in strict mode; it is checked, never executed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import otel_trading as ot
from otel_trading import metrics
from otel_trading.semconv.market_data import TradingMarketDataMessageTypeValues

telemetry: ot.Telemetry = ot.configure("execution-engine", environment="paper", export_interval=5.0)


@ot.traced
def reprice(bid: float, ask: float) -> float:
    return (bid + ask) / 2


@ot.traced(
    "check position", duration=metrics.risk_check_duration, attributes={"trading.risk.check.type": "position"}
)
async def check(order: ot.Order) -> bool:
    return order.is_open


@ot.traced("quotes")
def quotes() -> Iterator[float]:
    yield reprice(1.0, 2.0)


@ot.traced()
async def updates() -> AsyncIterator[str]:
    yield "fill"


async def use() -> None:
    mid: float = reprice(1, 2)
    order = ot.Order("c-1", venue="XNAS", type="limit", side="buy", quantity=mid, strategy="mm")
    ok: bool = await check(order)
    prices: list[float] = list(quotes())
    names: list[str] = [name async for name in updates()]
    with ot.span("order.route", {"trading.venue.name": "XNAS"}) as span:
        span.set_attribute("ok", ok)
    with order.submitting():
        ot.event("trading.order.submitted", {"n": len(prices) + len(names)})
    headers: dict[str, str] = dict(ot.inject({}))
    with ot.span("handle", context=ot.extract(headers)):
        pass


process = metrics.market_data_process_duration.bind(
    feed_name="sip", message_type=TradingMarketDataMessageTypeValues.QUOTE
)
with process.time():
    process.record(1e-6)
metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm").add(1)
metrics.portfolio_value.bind(account_name="main").set(101_250.0)
metrics.market_data_process_duration.bind(feed_nam="sip", message_type="quote")  # type: ignore[call-arg]
metrics.order_submitted.bind(venue_name="XNAS", order_type="limit", strategy_name="mm").set(1)  # type: ignore[attr-defined]

flushed: bool = telemetry.flush(timeout=2.0)
telemetry.shutdown(timeout=5.0)
