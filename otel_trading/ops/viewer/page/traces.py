"""Traces: a search for traces, slowest first, and a page for each trace with a waterfall and its logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import Request
from nicegui import ui

from otel_trading.ops.viewer import search, wording
from otel_trading.ops.viewer.page.frame import Site, html, open_frame, when_first_data
from otel_trading.ops.viewer.page.waterfall import rows, scale
from otel_trading.ops.viewer.records import StoredSpan
from otel_trading.ops.viewer.search import TraceQuery
from otel_trading.ops.viewer.store import Store

_MOST_SPANS: Final = 500


def area(site: Site) -> None:
    """Register the search, and the page of one trace."""

    @ui.page("/traces")
    def traces(request: Request) -> None:
        open_frame(site, "/traces", "Traces")
        _results(site, query_from(request.query_params))

    @ui.page("/traces/{trace_id}")
    def trace(trace_id: str, span: str = "", first_us: str = "") -> None:
        open_frame(site, "/traces", f"Trace {trace_id[:8]}")
        _one(site.store, trace_id, span, int(microseconds(first_us)))


def query_from(parameters: Mapping[str, str]) -> TraceQuery:
    """Read a query from the parameters of the form or of a link."""
    service, name, order_id = (parameters.get(key, "").strip() for key in ("service", "name", "order_id"))
    return TraceQuery(
        service,
        name,
        order_id,
        microseconds(parameters.get("min_us", "")),
        errors=bool(parameters.get("errors")),
        orders=bool(parameters.get("orders")),
    )


def microseconds(text: str) -> float:
    """Parse a number of microseconds; a text that is not a number counts as 0."""
    try:
        return max(0.0, float(text.replace(",", "") or 0))
    except ValueError:
        return 0.0


def _results(site: Site, query: TraceQuery) -> None:
    store = site.store
    with store.lock:
        found = search.find_traces(store, query)
        kept = len(store.orders) + len(store.traces)
        names = search.services(store)
    html("trace_search.html", query=query, services=names)
    html(
        "trace_results.html",
        traces=found,
        kept=kept,
        most=search.MOST,
        slowest=found[0].duration_ns if found else 1,
        empty=store.is_empty(),
        endpoint=site.endpoint,
        grpc_endpoint=site.grpc_endpoint,
    )
    when_first_data(store)


def _one(store: Store, trace_id: str, zoomed: str, first_us: int) -> None:
    spans = store.trace(trace_id)
    if not spans:
        html("no_trace.html", trace_id=trace_id)
        return
    shown = spans[:_MOST_SPANS]
    begin, end = _visible(shown, zoomed, first_us)
    html(
        "trace.html",
        summary=search.summary(spans),
        rows=rows(shown, begin, end),
        ticks=scale(begin, end, min(span.start_ns for span in spans)),
        zoomed=next((span for span in shown if span.span_id == zoomed), None),
        cuts=cuts(search.duration_ns(spans)),
        first_us=first_us,
        hidden=len(spans) - len(shown),
        logs=_beside(store, spans),
    )


def cuts(nanoseconds: int) -> list[tuple[int, str]]:
    """Return the lengths of the zoom links to the beginning of a trace: microseconds, and the label.

    An order waits at the venue a thousand times as long as a tick takes to get there, so the beginning is
    small.
    """
    powers = [10**power for power in range(1, 8)]
    return [(us, wording.duration(us / 1e6)) for us in powers if nanoseconds / 2e6 < us < nanoseconds / 2e3]


def _visible(spans: Sequence[StoredSpan], zoomed: str, first_us: int) -> tuple[int, int]:
    """Return begin and end of the visible period: of one span, of the beginning, or of the whole trace."""
    if first_us and not zoomed:
        start = min(span.start_ns for span in spans)
        return start, start + first_us * 1000
    chosen = [span for span in spans if span.span_id == zoomed] or spans
    begin = min(span.start_ns for span in chosen)
    return begin, max(begin + 1, *(span.end_ns for span in chosen))


def _beside(store: Store, spans: list[StoredSpan]) -> list[dict[str, Any]]:
    begin = min(span.start_ns for span in spans)
    return [{"log": log, "at_ns": log.time_ns - begin} for log in search.logs_of(store, spans)]
