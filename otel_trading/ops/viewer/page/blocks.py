"""Blocks: parts of a page with a varying number of rows, and charts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from otel_trading.ops.viewer.page import charts
from otel_trading.ops.viewer.page.frame import REFRESH, html, render
from otel_trading.ops.viewer.store import Store


def block(store: Store, template: str, read: Callable[[], Mapping[str, Any]]) -> None:
    """Show a part of the page, and render it again when its data has changed.

    Args:
        store: The store, locked while `read` runs.
        template: The name of the template.
        read: Returns the variables of the template.
    """
    with store.lock:
        shown = html(template, **read())

    def refresh() -> None:
        with store.lock:
            now = render(template, **read())
        if now != shown.content:
            shown.set_content(now)

    ui.timer(REFRESH, refresh, immediate=False)


def chart(store: Store, title: str, options: Callable[[Store], dict[str, Any]]) -> None:
    """Show a chart in a panel, and draw it again when its data has changed.

    Args:
        store: The store, locked while `options` runs.
        title: The title of the panel.
        options: Returns the options of the chart, made by `charts`.
    """
    with ui.element("section").classes("panel"):
        ui.label(title).classes("title").props('role="heading" aria-level="2"')
        with store.lock:
            drawn = charts.draw(options(store), title)

        def refresh() -> None:
            with store.lock:
                now = options(store)
            charts.redraw(drawn, now)

        ui.timer(REFRESH, refresh, immediate=False)
