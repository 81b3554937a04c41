"""Blocks: parts of a page whose rows come and go, and the charts beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nicegui import ui

from otel_trading.ops.viewer.page import charts
from otel_trading.ops.viewer.page.frame import REFRESH, html, render
from otel_trading.ops.viewer.store import Store


def block(store: Store, template: str, look: Callable[[], Mapping[str, Any]]) -> None:
    """Show a part, and write it anew when it has changed.

    Args:
        store: Held still while it is looked at.
        template: How it is written.
        look: What the template needs.
    """
    with store.lock:
        shown = html(template, **look())

    def refresh() -> None:
        with store.lock:
            now = render(template, **look())
        if now != shown.content:
            shown.set_content(now)

    ui.timer(REFRESH, refresh, immediate=False)


def chart(store: Store, title: str, options: Callable[[Store], dict[str, Any]]) -> None:
    """Show a chart in a panel of its own, and draw newer data when there is some.

    Args:
        store: Held still while it is looked at.
        title: Of the panel.
        options: What `charts` makes of the store.
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
