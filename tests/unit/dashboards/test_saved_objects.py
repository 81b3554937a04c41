"""Kibana can import the saved objects: they are complete, refer to each other, and have the right versions."""

from __future__ import annotations

import json

import pytest

from tests.support.dashboards import saved_objects
from tools.dashboards import kibana

OBJECTS = saved_objects()


def of(kind: str) -> dict[str, dict]:
    return {each["id"]: each for each in OBJECTS if each["type"] == kind}


def test_there_is_a_view_four_searches_and_two_dashboards():
    assert of("index-pattern").keys() == {"trading-logs"}
    assert [each["attributes"]["title"] for each in of("search").values()] == [
        "An order's life",
        "Errors by service",
        "Rejects",
        "Kill switch",
    ]
    assert len(of("dashboard")) == 2


@pytest.mark.parametrize("saved", OBJECTS, ids=lambda each: each["id"])
def test_an_object_has_its_shape_and_refers_to_objects_of_the_file_before_it(saved):
    assert saved.keys() == {
        "type",
        "id",
        "coreMigrationVersion",
        "typeMigrationVersion",
        "attributes",
        "references",
    }
    before = {(each["type"], each["id"]) for each in OBJECTS[: OBJECTS.index(saved)]}
    for reference in saved["references"]:
        assert (reference["type"], reference["id"]) in before
    for name, text in saved["attributes"].items():
        if name.endswith(("JSON", "State", "Map")) and isinstance(text, str):
            json.loads(text)


@pytest.mark.parametrize(
    "saved", [*of("search").values(), *of("visualization").values()], ids=lambda s: s["id"]
)
def test_a_query_is_in_lucenes_syntax_and_on_the_view(saved):
    source = json.loads(saved["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    assert source["query"]["language"] == "lucene"
    (reference,) = saved["references"]
    assert (reference["name"], reference["id"]) == (source["indexRefName"], "trading-logs")


@pytest.mark.parametrize("saved", of("dashboard").values(), ids=lambda s: s["id"])
def test_a_dashboards_panels_refer_to_its_objects_and_do_not_overlap(saved):
    panels = json.loads(saved["attributes"]["panelsJSON"])
    names = {reference["name"]: reference for reference in saved["references"]}
    assert {f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels} == names.keys()
    cells = set()
    for panel in panels:
        assert names[f"{panel['panelIndex']}:{panel['panelRefName']}"]["type"] == panel["type"]
        place = panel["gridData"]
        mine = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not mine & cells
        assert max(x for x, _ in mine) < 48
        cells |= mine


def test_an_orders_life_begins_with_the_oldest_line_and_shows_how_to_name_the_order():
    (life,) = (search for search in kibana.SEARCHES if search.is_story)
    attributes = of("search")[life.id]["attributes"]
    assert attributes["sort"] == [["@timestamp", "asc"]]
    assert "trading.order.id:" in attributes["description"]


def test_a_trace_id_leads_to_jaeger():
    view = of("index-pattern")["trading-logs"]["attributes"]
    assert view["title"] == "trading-logs-*"
    assert json.loads(view["fieldFormatMap"])["trace.id"]["params"]["urlTemplate"].endswith(
        "/trace/{{value}}"
    )
