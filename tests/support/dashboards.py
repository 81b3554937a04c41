"""The committed dashboards, as Grafana reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tools.dashboards.boards import DASHBOARDS

ROOT = Path(__file__).parents[2]
BOARDS = {board.uid: board for board in DASHBOARDS}


def documents() -> dict[str, dict[str, Any]]:
    """Return the content of the JSON files by uid."""
    files = sorted((ROOT / "dashboards" / "grafana").glob("*.json"))
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in files}


def awaited() -> dict[str, str]:
    """Return the event before which a query has no data, by the expression of the query."""
    queries = (query for board in DASHBOARDS for panel, _ in board.panels() for query in panel.queries)
    return {query.expr: query.unless for query in queries if query.unless}


def saved_objects() -> list[dict[str, Any]]:
    """Return the saved objects of Kibana in the order of their file."""
    path = ROOT / "dashboards" / "kibana" / "trading-logs.ndjson"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
