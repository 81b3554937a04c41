"""Dashboards: generates Grafana's dashboards, Kibana's saved objects, and the page of the documentation."""

from __future__ import annotations

from otel_trading.semconv import ALL_METRICS
from tools.dashboards import kibana
from tools.dashboards.boards import DASHBOARDS
from tools.dashboards.coverage import panels_of
from tools.dashboards.grafana_json import written
from tools.generate.rendering import render


def generate() -> dict[str, str]:
    """Return the text of every generated file by its path below the root."""
    return {
        **{f"dashboards/grafana/{board.uid}.json": written(board) for board in DASHBOARDS},
        "dashboards/kibana/trading-logs.ndjson": kibana.written(),
        "docs/reference/dashboards.md": render(
            "dashboards.md.j2",
            dashboards=DASHBOARDS,
            metrics=ALL_METRICS,
            panels_of=panels_of(DASHBOARDS),
            kibana=kibana,
        ),
    }
