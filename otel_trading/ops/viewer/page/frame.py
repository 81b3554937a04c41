"""The frame: what every area of the page has around it, and how its numbers stay fresh."""

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
"""In the order of the navigation; the number of each is its shortcut."""

REFRESH: Final = 2.0
"""Seconds between two looks at the store, while somebody looks at the page."""

_STATIC: Final = Path(__file__).with_name("static")
_QUIET: Final = 30.0
_RECONNECT: Final = 1.0
"""Seconds that the server remembers a page that was closed, and waits for it when it ends itself."""

_templates = Environment(
    loader=PackageLoader("otel_trading.ops.viewer.page"), autoescape=True, trim_blocks=True
)
_templates.filters.update(
    {name: getattr(wording, name) for name in ("clock", "duration", "micros", "money", "number", "percent")}
)


@dataclass(frozen=True)
class Site:
    """What the page shows.

    Attributes:
        store: What was received.
        endpoint: Where OTLP is taken in over HTTP.
        grpc_endpoint: Where it is taken in over gRPC.
    """

    store: Store
    endpoint: str
    grpc_endpoint: str


class Value(NamedTuple):
    """What one place of a page says now.

    Attributes:
        text: What is written there; None leaves it as it is.
        state: "good", "warn", "bad" or "" (neither); for its look, and never said by colour alone.
        at: Where it lies on a scale, 0 to 1; below 0 if it lies nowhere.
    """

    text: str | None = None
    state: str = ""
    at: float | None = None


Values = Mapping[str, Value]


def build(site: Site, areas: Iterable[Callable[[Site], None]]) -> FastAPI:
    """Build the application that serves the page.

    Args:
        site: What it shows.
        areas: Each registers its pages, when it is given the site.
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
    """Fill in a template; whatever came from a service is escaped."""
    return _templates.get_template(template).render(**context)


def html(template: str, **context: Any) -> ui.html:
    """Put a filled-in template on the page."""
    return ui.html(render(template, **context), sanitize=False).classes("block")


def open_frame(site: Site, current: str, title: str) -> None:
    """Begin a page: its title, style, shortcuts, and header.

    Args:
        site: What it shows.
        current: The path of its area.
        title: What the tab says.
    """
    ui.page_title(f"{title} · otel_trading")
    ui.add_head_html(render("head.html"))
    html("header.html", areas=AREAS, current=current, **_status(site.store))
    live(site.store, lambda: _pulse(site.store), {})


def live(store: Store, look: Callable[[], Values], shown: Values) -> None:
    """Keep the places of this page fresh, sending what has changed.

    Args:
        store: Held still while it is looked at.
        look: What they say now, by the `data-live` of each.
        shown: What they say already.
    """
    before = dict(shown)

    def refresh() -> None:
        with store.lock:
            now = look()
        changed = {key: value for key, value in now.items() if before.get(key) != value}
        if changed:
            before.update(changed)
            ui.run_javascript(f"live({json.dumps(changed)})")

    ui.timer(REFRESH, refresh, immediate=False)


def when_first_data(store: Store) -> None:
    """Load an empty page again as soon as there is something to show."""
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
