"""Renders the dashboards for the docs from a running Prometheus: `python -m tools.dashboards.render`.

It reads `PROMETHEUS_URL` and `OTEL_TRADING_ENVIRONMENT`. The pictures show the six minutes before the last
heartbeat, so that they also show a system that has ended.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any, Final

import requests

from tools.dashboards.boards import DASHBOARDS
from tools.dashboards.drawing import SECONDS, Result, draw
from tools.dashboards.panels import Dashboard, Panel
from tools.dashboards.queries import Query, substituted

ROOT: Final = Path(__file__).parents[2]
STEP: Final = 5
_LAST_BEAT: Final = Query("max(trading_service_heartbeat_timestamp_seconds{ENV})")


class Prometheus:
    """A client that queries the results of panels.

    Args:
        url: The URL of the server.
        environment: The value of the variable "environment"; all other variables have the value All.
        end: The end of the time range, in Unix time.
    """

    def __init__(self, url: str, environment: str, end: float) -> None:
        self._url, self._end = url, end
        everything = dict.fromkeys(("service", "venue", "strategy"), ".*")
        ranges = {"__rate_interval": f"{4 * STEP}s", "__range": f"{SECONDS}s"}
        self._values = {**everything, **ranges, "environment": environment}

    def ask(self, query: Query) -> list[Result]:
        """Return the series of a query, as Grafana gets them."""
        span = {"start": f"{self._end - SECONDS}", "end": f"{self._end}", "step": f"{STEP}"}
        parameters = {"query": substituted(query.expr, self._values), **span}
        answer = requests.post(f"{self._url}/api/v1/query_range", data=parameters, timeout=30)
        answer.raise_for_status()
        return [self._result(query, one) for one in answer.json()["data"]["result"]]

    def _result(self, query: Query, one: dict[str, Any]) -> Result:
        points = [(float(at) - self._end, float(value)) for at, value in one["values"]]
        name = query.legend
        for label, value in one["metric"].items():
            name = name.replace(f"{{{{{label}}}}}", value)
        return Result(_without_gaps(name), one["metric"], points)


def _without_gaps(name: str) -> str:
    """Return a legend without the labels that the series lacks."""
    while "{{" in name:
        before, _, rest = name.partition("{{")
        name = before + rest.partition("}}")[2]
    return name.strip(" :")


def results(
    prometheus: Prometheus, board: Dashboard
) -> list[tuple[Panel, tuple[int, int, int, int], list[list[Result]]]]:
    """Return each panel of a dashboard with its place and the results of its queries.

    Args:
        prometheus: The client.
        board: The dashboard.
    """
    return [
        (panel, place, [prometheus.ask(query) for query in panel.queries]) for panel, place in board.panels()
    ]


def main() -> int:
    """Draw each dashboard into the images of the docs, and return the exit code."""
    url = os.environ.get("PROMETHEUS_URL", "http://127.0.0.1:9999")
    environment = os.environ.get("OTEL_TRADING_ENVIRONMENT", "paper")
    beat = Prometheus(url, environment, time.time()).ask(_LAST_BEAT)
    if not beat:
        print(f"render: no service of {environment!r} reported to {url} within {SECONDS} s", file=sys.stderr)
        return 1
    prometheus = Prometheus(url, environment, beat[0].last)
    folder = ROOT / "docs" / "images" / "dashboards"
    folder.mkdir(parents=True, exist_ok=True)
    for board in DASHBOARDS:
        path = folder / f"{board.uid}.png"
        draw(board, results(prometheus, board), path)
        print(f"drew {path.relative_to(ROOT)}, {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
