"""The frame: the header around every area of the page, and the refresh of its numbers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from fastapi import FastAPI
from jinja2 import Environment, PackageLoader
from nicegui import app as nicegui_app
from nicegui import ui

from otel_trading.ops.viewer import wording
from otel_trading.ops.viewer.store import Store

AREAS: Final = (
    ("/", "Trading"),
    ("/latency", "Latency"),
    ("/traces", "Traces"),
    ("/logs", "Logs"),
    ("/metrics", "Metrics"),
    ("/dropped", "Dropped"),
)
"""The areas in the order of the navigation; the number of an area is its keyboard shortcut."""

REFRESH: Final = 2.0
"""Seconds between two reads of the store while a browser shows the page."""

_STATIC: Final = Path(__file__).with_name("static")
_QUIET: Final = 30.0
_RECONNECT: Final = 1.0
"""Seconds that the server remembers a closed page, and waits for pages when it stops."""

_templates = Environment(
    loader=PackageLoader("otel_trading.ops.viewer.page"), autoescape=True, trim_blocks=True
)
_templates.filters.update(
    {name: getattr(wording, name) for name in ("clock", "duration", "micros", "money", "number", "percent")}
)


@dataclass(frozen=True)
class Site:
    """The data of the page.

    Attributes:
        store: The store with the received data.
        endpoint: The URL that receives OTLP over HTTP.
        grpc_endpoint: The URL that receives OTLP over gRPC.
    """

    store: Store
    endpoint: str
    grpc_endpoint: str


class Value(NamedTuple):
    """The current content of one place on a page.

    Attributes:
        text: The text; None leaves the text unchanged.
        state: "good", "warn", "bad" or "" (neutral) for the style, which never uses colour alone.
        at: The position on a scale, from 0 to 1; below 0 if the value has no position.
    """

    text: str | None = None
    state: str = ""
    at: float | None = None


Values = Mapping[str, Value]


def build(site: Site, areas: Iterable[Callable[[Site], None]]) -> FastAPI:
    """Build the application that serves the page.

    Args:
        site: The data of the page.
        areas: The areas; each registers its pages when it is called with the site.
    """
    nicegui_app.add_static_files("/static", _STATIC, max_cache_age=0)
    for area in areas:
        area(site)
    app = FastAPI(openapi_url=None)
    ui.run_with(
        app,
        title="otel_trading",
        favicon=_STATIC / "favicon.svg",
        dark=None,
        tailwind=False,
        language="en-US",
        reconnect_timeout=_RECONNECT,
        binding_refresh_interval=None,
        show_welcome_message=False,
    )
    return app


def render(template: str, **context: Any) -> str:
    """Render a template; values from services are escaped."""
    return _templates.get_template(template).render(**context)


def html(template: str, **context: Any) -> ui.html:
    """Put a rendered template on the page."""
    return ui.html(render(template, **context), sanitize=False).classes("block")


def open_frame(site: Site, current: str, title: str) -> None:
    """Begin a page with its title, style, shortcuts and header.

    Args:
        site: The data of the page.
        current: The path of the area.
        title: The title of the browser tab.
    """
    ui.page_title(f"{title} · otel_trading")
    ui.add_head_html(render("head.html"))
    html("header.html", areas=AREAS, current=current, **_status(site.store))
    live(site.store, lambda: _pulse(site.store), {})


def live(store: Store, read: Callable[[], Values], shown: Values) -> None:
    """Keep the places of this page up to date by sending changed values to the browser.

    Args:
        store: The store, locked while `read` runs.
        read: Returns the current values, by the `data-live` attribute of their places.
        shown: The values that the page already shows.
    """
    before = dict(shown)

    def refresh() -> None:
        with store.lock:
            now = read()
        changed = {key: value for key, value in now.items() if before.get(key) != value}
        if changed:
            before.update(changed)
            # Only changed values are sent, because a page without changes should cost nothing.
            ui.run_javascript(f"live({json.dumps(changed)})")

    ui.timer(REFRESH, refresh, immediate=False)


def when_first_data(store: Store) -> None:
    """Reload an empty page as soon as the store has data."""
    if store.is_empty():
        ui.timer(
            REFRESH,
            lambda: None if store.is_empty() else ui.run_javascript("location.reload()"),
            immediate=False,
        )


def _pulse(store: Store) -> Values:
    status = _status(store)
    return {"pulse": Value(status["pulse"], status["state"])}


def _status(store: Store) -> dict[str, str]:
    if store.is_empty():
        return {"pulse": "Waiting for data", "state": "warn"}
    silent = time.time() - store.last_received
    if silent > _QUIET:
        return {"pulse": f"Silent, last data {wording.age(silent)}", "state": "warn"}
    return {"pulse": "Receiving", "state": "good"}
