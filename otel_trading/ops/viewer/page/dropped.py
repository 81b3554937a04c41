"""Dropped: the data that the page does not have, with the reasons."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from nicegui import ui

from otel_trading.ops.viewer import wording
from otel_trading.ops.viewer.page.blocks import block
from otel_trading.ops.viewer.page.frame import Site, open_frame
from otel_trading.ops.viewer.store import Store
from otel_trading.semconv import market_data

_BOUNDS: Final = {"spans": "max_spans", "logs": "max_logs", "series": "max_series", "points": "max_points"}
_WORDS: Final = ("dropped", "refused", "send_failed", "enqueue_failed", "evicted")
_TRADING: Final = (
    market_data.TRADING_MARKET_DATA_MESSAGE_DROPPED,
    market_data.TRADING_MARKET_DATA_MESSAGE_MISSED,
)


class Loss(NamedTuple):
    """One kind of lost data."""

    item: str
    reason: str
    number: str


def area(site: Site) -> None:
    """Register the page."""

    @ui.page("/dropped")
    def dropped() -> None:
        open_frame(site, "/dropped", "Dropped")
        block(
            site.store,
            "dropped.html",
            lambda: {
                "window": list(window(site.store)),
                "refused": list(refused(site.store)),
                "reported": list(reported(site.store)),
            },
        )


def window(store: Store) -> Iterator[tuple[str, str, str, str]]:
    """Yield the kind, and the numbers of received, stored (with the bound) and evicted items."""
    kept = {
        "spans": sum(len(spans) for group in (store.orders, store.traces) for spans in group.values()),
        "logs": len(store.logs),
        "series": len(store.series),
        "points": sum(len(series.points) for series in store.series.values()),
    }
    for kind, bound in _BOUNDS.items():
        yield (
            kind,
            wording.number(store.received[kind] if kind != "series" else kept[kind]),
            f"{kept[kind]:,} of at most {getattr(store, bound):,}",
            wording.number(store.evicted[kind]),
        )


def refused(store: Store) -> Iterator[Loss]:
    """Yield the refused requests by reason."""
    for reason, count in sorted(store.refused.items()):
        yield Loss("request", reason, wording.number(count))


def reported(store: Store) -> Iterator[Loss]:
    """Yield the losses that services report: in records, in metrics, and at the end of their run."""
    for signal, reasons in sorted(store.reported.items()):
        for reason, count in sorted(reasons.items()):
            yield Loss(signal, reason, wording.number(count))
    for series in store.series.values():
        if series.value and (series.name in _TRADING or any(word in series.name for word in _WORDS)):
            labels = ", ".join(map(str, series.attributes.values()))
            yield Loss(f"{series.service}: {series.name}", labels, wording.number(series.value))
