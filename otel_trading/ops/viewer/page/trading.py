"""Trading: the overview of the trading."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from nicegui import ui

from otel_trading.ops.viewer import wording
from otel_trading.ops.viewer.history import BAR, WINDOW, grouped, increases, levels, times, total
from otel_trading.ops.viewer.page import charts, latency
from otel_trading.ops.viewer.page.blocks import block, chart
from otel_trading.ops.viewer.page.charts import Line
from otel_trading.ops.viewer.page.frame import Site, Value, Values, html, live, open_frame, when_first_data
from otel_trading.ops.viewer.report import order_counts
from otel_trading.ops.viewer.search import TraceQuery, find_traces
from otel_trading.ops.viewer.series import distribution
from otel_trading.ops.viewer.store import Store
from otel_trading.semconv import market_data, order, portfolio, risk, runtime, venue

_SLOWEST: Final = 6
_NEARLY: Final = 0.8
_STALE: Final = 15.0


def area(site: Site) -> None:
    """Register the first page."""

    @ui.page("/")
    def trading() -> None:
        open_frame(site, "/", "Trading")
        if site.store.is_empty():
            html("welcome.html", endpoint=site.endpoint, grpc_endpoint=site.grpc_endpoint)
            when_first_data(site.store)
            return
        _show(site.store)


def _show(store: Store) -> None:
    with store.lock:
        shown = tiles(store)
    html("tiles.html", v=shown)
    live(store, lambda: tiles(store), shown)
    with ui.element("div").classes("grid thirds"):
        chart(store, "Profit and loss, USD", _pnl)
        chart(store, "Orders and executions, each 10 s", _orders)
        chart(store, "Exposure, USD", _exposure)
    with ui.element("div").classes("grid wide-left"):
        latency.ladder(store, "Latency by stage, last 5 minutes", with_objective=True)
        block(store, "slowest.html", lambda: {"traces": slowest_orders(store)})
    with ui.element("div").classes("grid thirds"):
        block(
            store,
            "shares.html",
            lambda: {"title": "Rejects by reason", "rows": rejects(store), "empty": "No order was rejected."},
        )
        block(
            store,
            "facts.html",
            lambda: {"title": "Execution quality, last 5 minutes", "rows": quality(store)},
        )
        block(store, "feeds.html", lambda: {"feeds": list(feeds(store)), "services": heartbeats(store)})


def tiles(store: Store) -> Values:
    """Return the values of the tiles."""
    return {**_portfolio(store), **_flow(store), **_safety(store)}


def slowest_orders(store: Store) -> list[dict[str, Any]]:
    """Return the slowest orders in the store."""
    return [asdict(one) for one in find_traces(store, TraceQuery(orders=True), _SLOWEST)]


def rejects(store: Store) -> list[dict[str, Any]]:
    """Return the rejects by reason, most frequent first, each with its ratio to the most frequent one."""
    counts = grouped(
        store.series_of(order.TRADING_ORDER_REJECTED), order.TRADING_ORDER_REJECT_REASON, lambda s: s.value
    )
    top = max(counts.values(), default=1.0) or 1.0
    return [
        {"name": name, "text": wording.number(count), "share": count / top}
        for name, count in counts.items()
        if count
    ]


def quality(store: Store) -> list[tuple[str, str, str]]:
    """Return the figures of execution quality: the name, the value, and a value to compare with."""
    slippage = distribution(store.series_of(order.TRADING_EXECUTION_SLIPPAGE), time.time() - WINDOW)
    shortfall = distribution(
        store.series_of(order.TRADING_ORDER_IMPLEMENTATION_SHORTFALL), time.time() - WINDOW
    )
    notional = total(store.series_of(order.TRADING_EXECUTION_NOTIONAL))
    retries = total(store.series_of(order.TRADING_ORDER_RETRIES))
    failed = total(store.series_of(venue.TRADING_VENUE_REQUEST_FAILED))
    return [
        ("Slippage, 95 % of executions below", _bps(slippage.quantile(0.95)), "objective: 50 bps"),
        ("Slippage, mean", _bps(slippage.mean), f"{wording.number(slippage.count)} executions"),
        ("Implementation shortfall, mean", _bps(shortfall.mean), "against the price at the decision"),
        ("Notional traded", f"{wording.money(notional)} USD", "since the start"),
        ("Retries", wording.number(retries), f"{wording.number(failed)} requests failed"),
    ]


def feeds(store: Store) -> Iterator[dict[str, Any]]:
    """Yield the state of each feed."""
    last = store.series_of(market_data.TRADING_MARKET_DATA_LAST_MESSAGE_TIMESTAMP)
    for name, at in grouped(last, market_data.TRADING_FEED_NAME, lambda s: s.value).items():
        silent = time.time() - at
        yield {
            "name": name,
            "age": wording.age(silent),
            "state": "warn" if silent > _STALE else "good",
            "missed": _of_feed(store, market_data.TRADING_MARKET_DATA_MESSAGE_MISSED, name),
            "dropped": _of_feed(store, market_data.TRADING_MARKET_DATA_MESSAGE_DROPPED, name),
            "violations": _of_feed(store, market_data.TRADING_ORDER_BOOK_VIOLATIONS, name),
        }


def heartbeats(store: Store) -> list[dict[str, str]]:
    """Return the age of the last heartbeat of each service."""
    found = {s.service: s.value for s in store.series_of(runtime.TRADING_SERVICE_HEARTBEAT_TIMESTAMP)}
    return [
        {
            "name": name,
            "age": wording.age(time.time() - at),
            "state": "warn" if time.time() - at > _STALE else "good",
        }
        for name, at in sorted(found.items())
    ]


def _portfolio(store: Store) -> Values:
    realized = total(store.series_of(portfolio.TRADING_PNL_REALIZED))
    unrealized = total(store.series_of(portfolio.TRADING_PNL_UNREALIZED))
    pnl = None if realized is None and unrealized is None else (realized or 0) + (unrealized or 0)
    drawdown = max((s.value for s in store.series_of(portfolio.TRADING_PORTFOLIO_DRAWDOWN)), default=None)
    sides = grouped(
        store.series_of(portfolio.TRADING_PORTFOLIO_EXPOSURE),
        portfolio.TRADING_POSITION_DIRECTION,
        lambda s: s.value,
    )
    gross = sum(map(abs, sides.values())) if sides else None
    value = total(store.series_of(portfolio.TRADING_PORTFOLIO_VALUE))
    held = total(store.series_of(portfolio.TRADING_POSITION_OPEN))
    return {
        "pnl": Value(wording.money(pnl, signed=True), "bad" if (pnl or 0) < 0 else ""),
        "pnl_note": Value(
            f"{wording.money(realized, signed=True)} realised, {wording.money(unrealized, signed=True)} open"
        ),
        "drawdown": Value(wording.percent(drawdown, 2)),
        "drawdown_note": Value(f"account {wording.money(value)} USD"),
        "exposure": Value(wording.number(gross)),
        "exposure_note": Value(
            ", ".join(f"{name} {wording.number(round(usd))}" for name, usd in sides.items()) or "none yet"
        ),
        "positions": Value(wording.number(held)),
    }


def _flow(store: Store) -> Values:
    counts = order_counts(store)
    ratio = distribution(store.series_of(order.TRADING_ORDER_FILL_RATIO), time.time() - WINDOW)
    by_source = grouped(
        store.series_of(order.TRADING_ORDER_REJECTED), order.TRADING_ORDER_REJECT_SOURCE, lambda s: s.value
    )
    return {
        "orders": Value(wording.number(counts["submitted"])),
        "orders_note": Value(f"{counts['filled']:,} filled, {counts['open']:,} open"),
        "fill": Value(wording.percent(ratio.mean)),
        "fill_note": Value(f"of {wording.number(ratio.count)} orders, last 5 min"),
        "rejects": Value(wording.number(counts["rejected"]), "warn" if counts["rejected"] else ""),
        "rejects_note": Value(", ".join(f"{name} {n:,.0f}" for name, n in by_source.items()) or "none"),
    }


def _safety(store: Store) -> Values:
    states = [s for s in store.series_of(risk.TRADING_KILL_SWITCH_STATUS) if s.value == 1]
    tripped = [s for s in states if s.attributes.get(risk.TRADING_KILL_SWITCH_STATE) == "tripped"]
    scopes = ", ".join(str(s.attributes.get(risk.TRADING_KILL_SWITCH_SCOPE)) for s in tripped or states)
    word = "Tripped" if tripped else "Armed" if states else wording.NONE
    used = grouped(
        store.series_of(risk.TRADING_RISK_LIMIT_UTILIZATION), risk.TRADING_RISK_LIMIT_TYPE, lambda s: s.value
    )
    name, share = next(iter(used.items()), ("", None))
    state = "" if share is None else "bad" if share >= 1 else "warn" if share >= _NEARLY else ""
    return {
        "switch": Value(word, "bad" if tripped else "good" if states else ""),
        "switch_note": Value(f"scope: {scopes}" if scopes else "no kill switch reports"),
        "positions_note": Value(
            f"{name} limit {wording.percent(share, 0)} used" if name else "no limit reports", state
        ),
    }


def _pnl(store: Store) -> dict[str, Any]:
    at = times(time.time())
    return charts.lines(
        at,
        [
            Line("realised", "blue", levels(store.series_of(portfolio.TRADING_PNL_REALIZED), at)),
            Line("open", "orange", levels(store.series_of(portfolio.TRADING_PNL_UNREALIZED), at), "dashed"),
        ],
    )


def _orders(store: Store) -> dict[str, Any]:
    at = times(time.time(), BAR)
    return charts.bars(
        at,
        [
            Line("submitted", "blue", increases(store.series_of(order.TRADING_ORDER_SUBMITTED), at)),
            Line("executions", "green", increases(store.series_of(order.TRADING_EXECUTION_RECEIVED), at)),
            Line("rejected", "vermillion", increases(store.series_of(order.TRADING_ORDER_REJECTED), at)),
        ],
    )


def _exposure(store: Store) -> dict[str, Any]:
    at, series = times(time.time()), store.series_of(portfolio.TRADING_PORTFOLIO_EXPOSURE)

    def side(name: str) -> list[float | None]:
        found = [s for s in series if s.attributes.get(portfolio.TRADING_POSITION_DIRECTION) == name]
        return levels(found, at)

    return charts.lines(
        at,
        [Line("long", "green", side("long")), Line("short", "purple", side("short"), "dashed")],
        filled=True,
    )


def _of_feed(store: Store, metric: str, feed: str) -> str:
    found = (s for s in store.series_of(metric) if s.attributes.get(market_data.TRADING_FEED_NAME) == feed)
    return wording.number(sum(s.value for s in found))


def _bps(value: float | None) -> str:
    return wording.NONE if value is None else f"{wording.number(value)} bps"
