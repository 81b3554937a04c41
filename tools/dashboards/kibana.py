"""Kibana: writes the saved objects of the logs as one file, which Kibana imports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from tools.dashboards.panels import BLUE, ORANGE, VERMILLION

GENERATED: Final = "Generated from tools/dashboards/kibana.py by make generate. Do not edit."
VIEW: Final = "trading-logs"
_CORE: Final = "8.8.0"
_VERSIONS: Final = {
    "index-pattern": "8.0.0",
    "search": "8.0.0",
    "visualization": "8.5.0",
    "dashboard": "8.9.0",
}
"""The versions of the written objects; a newer Kibana migrates them when it imports them."""

_JAEGER: Final = {
    "urlTemplate": "http://127.0.0.1:16686/trace/{{value}}",
    "labelTemplate": "{{value}}",
    "openLinkInCurrentTab": False,
}
_SOURCE: Final = "kibanaSavedObjectMeta.searchSourceJSON.index"
_WIDTH: Final = 48


@dataclass(frozen=True)
class Search:
    """A saved search.

    Attributes:
        id: Its id.
        title: A few words.
        purpose: Its purpose, and the condition to add.
        query: The query in Lucene's syntax, as `query_string` accepts it.
        columns: The columns beside the time.
        is_story: Whether the oldest line comes first.
        unless: The event before which it finds nothing, or empty.
    """

    id: str
    title: str
    purpose: str
    query: str
    columns: tuple[str, ...]
    is_story: bool = False
    unless: str = ""


SEARCHES: Final = (
    Search(
        "trading-order-life",
        "An order's life",
        'From submission to the last fill, oldest first. Add: AND trading.order.id:"<the order\'s id>".',
        "_exists_:trading.order.id AND event.action:trading.*",
        (
            "trading.order.id",
            "event.action",
            "trading.order.side",
            "trading.order.quantity",
            "trading.execution.quantity",
            "trading.execution.price",
            "trading.order.reject.reason",
            "service.name",
            "trace.id",
        ),
        is_story=True,
    ),
    Search(
        "trading-errors",
        "Errors by service",
        "The errors of each service, newest first, each with its trace.",
        "log.level:(error OR fatal)",
        ("service.name", "log.level", "event.action", "message", "error.type", "error.message", "trace.id"),
        unless="the model fails",
    ),
    Search(
        "trading-rejects",
        "Rejects",
        "Refused orders: the source, the reason, and the trace.",
        "event.action:trading.order.rejected",
        (
            "trading.order.id",
            "trading.order.reject.source",
            "trading.order.reject.reason",
            "service.name",
            "trace.id",
        ),
        unless="orders are rejected",
    ),
    Search(
        "trading-kill-switch",
        "Kill switch",
        "Every halt and every reset: the scope, the reason, and the person.",
        "event.action:(trading.kill_switch.tripped OR trading.kill_switch.reset)",
        (
            "event.action",
            "trading.kill_switch.scope",
            "trading.kill_switch.reason",
            "trading.kill_switch.reset_by",
            "trading.strategy.name",
            "trace.id",
        ),
        unless="the kill switch is tripped",
    ),
)


@dataclass(frozen=True)
class Chart:
    """A chart of the number of lines in time, by a field.

    Attributes:
        id: Its id.
        title: A few words.
        query: The query in Lucene's syntax.
        field: The field whose eight most frequent values have bars of their own.
        unless: The event before which it is empty, or empty.
    """

    id: str
    title: str
    query: str
    field: str
    unless: str = ""

    @property
    def aggregations(self) -> list[dict[str, Any]]:
        """The aggregations, as Kibana writes them."""
        times = {"field": "@timestamp", "interval": "auto", "min_doc_count": 1}
        terms = {"field": self.field, "size": 8, "order": "desc", "orderBy": "1"}
        return [
            {"id": "1", "enabled": True, "type": "count", "schema": "metric", "params": {}},
            {"id": "2", "enabled": True, "type": "date_histogram", "schema": "segment", "params": times},
            {"id": "3", "enabled": True, "type": "terms", "schema": "group", "params": terms},
        ]


CHARTS: Final = (
    Chart("trading-lines", "Lines by service", "*", "service.name"),
    Chart("trading-levels", "Lines by level", "*", "log.level"),
    Chart("trading-order-events", "Order events", "event.action:trading.order.*", "event.action"),
    Chart(
        "trading-reject-reasons",
        "Rejects by reason",
        "event.action:trading.order.rejected",
        "trading.order.reject.reason",
        unless="orders are rejected",
    ),
)

DASHBOARDS: Final = {
    "trading-orders-log": (
        "Orders in the logs",
        "The events of orders, line by line; put the id of an order into the search box.",
        (
            (24, 12, "trading-order-events"),
            (24, 12, "trading-reject-reasons"),
            (48, 18, "trading-order-life"),
            (48, 12, "trading-rejects"),
        ),
    ),
    "trading-services-log": (
        "Services in the logs",
        "The lines of the services, their errors, and every halt.",
        (
            (24, 12, "trading-lines"),
            (24, 12, "trading-levels"),
            (48, 18, "trading-errors"),
            (48, 12, "trading-kill-switch"),
        ),
    ),
}
"""By id: the title, the purpose, and the panels as width, height and saved object."""

_COLORS: Final = {"error": VERMILLION, "fatal": VERMILLION, "warn": ORANGE, "info": BLUE}


def written() -> str:
    """Return the file of saved objects, one a line."""
    objects = [
        _view(),
        *(_search(search) for search in SEARCHES),
        *(_chart(chart) for chart in CHARTS),
        *(_dashboard(id_) for id_ in DASHBOARDS),
    ]
    return "".join(json.dumps(each, ensure_ascii=False, separators=(",", ":")) + "\n" for each in objects)


def _object(
    kind: str, id_: str, attributes: dict[str, Any], *references: tuple[str, str, str]
) -> dict[str, Any]:
    named = [{"type": type_, "id": of, "name": name} for name, type_, of in references]
    versions = {"coreMigrationVersion": _CORE, "typeMigrationVersion": _VERSIONS[kind]}
    return {"type": kind, "id": id_, **versions, "attributes": attributes, "references": named}


def _packed(value: object) -> str:
    """Return a nested object as text, as Kibana stores it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _asks(query: str) -> dict[str, Any]:
    source = {"query": {"query": query, "language": "lucene"}, "filter": [], "indexRefName": _SOURCE}
    return {"searchSourceJSON": _packed(source)}


def _view() -> dict[str, Any]:
    formats = {"trace.id": {"id": "url", "params": _JAEGER}}
    return _object(
        "index-pattern",
        VIEW,
        {
            "title": "trading-logs-*",
            "name": "Trading logs",
            "timeFieldName": "@timestamp",
            "fieldFormatMap": _packed(formats),
        },
    )


def _search(search: Search) -> dict[str, Any]:
    attributes = {
        "title": search.title,
        "description": f"{search.purpose} {GENERATED}",
        "columns": list(search.columns),
        "sort": [["@timestamp", "asc" if search.is_story else "desc"]],
        "kibanaSavedObjectMeta": _asks(search.query),
    }
    return _object("search", search.id, attributes, (_SOURCE, "index-pattern", VIEW))


def _chart(chart: Chart) -> dict[str, Any]:
    axis = {
        "id": "CategoryAxis-1",
        "type": "category",
        "position": "bottom",
        "show": True,
        "scale": {"type": "linear"},
    }
    values = {
        "id": "ValueAxis-1",
        "name": "LeftAxis-1",
        "type": "value",
        "position": "left",
        "show": True,
        "scale": {"type": "linear"},
    }
    bars = {
        "data": {"id": "1", "label": "Lines"},
        "type": "histogram",
        "mode": "stacked",
        "valueAxis": "ValueAxis-1",
        "show": True,
    }
    params = {
        "type": "histogram",
        "addLegend": True,
        "addTooltip": True,
        "legendPosition": "bottom",
        "categoryAxes": [axis],
        "valueAxes": [values],
        "seriesParams": [bars],
    }
    state = {"title": chart.title, "type": "histogram", "aggs": chart.aggregations, "params": params}
    attributes = {
        "title": chart.title,
        "description": GENERATED,
        "version": 1,
        "visState": _packed(state),
        "uiStateJSON": _packed({"vis": {"colors": _COLORS}}),
        "kibanaSavedObjectMeta": _asks(chart.query),
    }
    return _object("visualization", chart.id, attributes, (_SOURCE, "index-pattern", VIEW))


def _dashboard(id_: str) -> dict[str, Any]:
    title, purpose, placed = DASHBOARDS[id_]
    panels, references = [], []
    x = y = 0
    for number, (width, height, of) in enumerate(placed, 1):
        kind = "search" if of in {search.id for search in SEARCHES} else "visualization"
        place = {"x": x, "y": y, "w": width, "h": height, "i": str(number)}
        name = f"panel_{number}"
        panels.append(
            {
                "type": kind,
                "gridData": place,
                "panelIndex": str(number),
                "embeddableConfig": {},
                "panelRefName": name,
            }
        )
        references.append((f"{number}:{name}", kind, of))
        x, y = (x + width, y) if x + width < _WIDTH else (0, y + height)
    attributes = {
        "title": title,
        "description": f"{purpose} {GENERATED}",
        "panelsJSON": _packed(panels),
        "optionsJSON": _packed({"useMargins": True, "syncCursor": True, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": "now-15m",
        "timeTo": "now",
        "refreshInterval": {"pause": False, "value": 10_000},
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": _packed({"query": {"query": "", "language": "lucene"}, "filter": []})
        },
    }
    return _object("dashboard", id_, attributes, *references)
