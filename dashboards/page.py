"""Page: what the documentation says of the dashboards."""

from __future__ import annotations

from pathlib import Path

import jinja2

from dashboards import kibana
from dashboards.coverage import panels_of
from dashboards.panels import Dashboard
from otel_trading.semconv import ALL_METRICS


def written(dashboards: tuple[Dashboard, ...]) -> str:
    """Return the page.

    Args:
        dashboards: Those of Grafana.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,  # noqa: S701 - Markdown, from files of our own
    )
    return environment.get_template("dashboards.md.j2").render(
        dashboards=dashboards,
        metrics=ALL_METRICS,
        panels_of=panels_of(dashboards),
        kibana=kibana,
    )
