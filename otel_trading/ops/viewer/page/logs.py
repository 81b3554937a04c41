"""Logs: a search for log records, newest first."""

from __future__ import annotations

from nicegui import ui

from otel_trading.ops.viewer import search
from otel_trading.ops.viewer.page.frame import Site, html, open_frame, when_first_data
from otel_trading.ops.viewer.search import LogQuery


def area(site: Site) -> None:
    """Register the page."""

    @ui.page("/logs")
    def logs(
        trace_id: str = "", order_id: str = "", service: str = "", severity: str = "", text: str = ""
    ) -> None:
        query = LogQuery(trace_id.strip(), order_id.strip(), service, severity, text.strip())
        open_frame(site, "/logs", "Logs")
        with site.store.lock:
            names = search.services(site.store)
            found = search.find_logs(site.store, query)
            kept = len(site.store.logs)
        html("log_search.html", query=query, services=names, severities=search.SEVERITIES)
        html(
            "log_results.html",
            logs=found,
            kept=kept,
            most=search.MOST,
            empty=site.store.is_empty(),
            endpoint=site.endpoint,
            grpc_endpoint=site.grpc_endpoint,
        )
        when_first_data(site.store)
