"""The queries of Kibana's saved objects find lines on a real server with the API of Elasticsearch."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from tests.stack.watched import Watched
from tests.support.dashboards import saved_objects
from tools.dashboards import kibana
from tools.drills.running import poll_until


def objects(kind: str) -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in saved_objects() if each["type"] == kind}


def query_of(saved: dict[str, Any]) -> str:
    """Return the query of a saved object, in Lucene's syntax; Kibana sends it unchanged."""
    source = json.loads(saved["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    assert source["query"]["language"] == "lucene"
    return str(source["query"]["query"])


@pytest.fixture
def ask(watched: Watched) -> Any:
    """Return a function that runs a saved query on the indices of the data view."""
    (view,) = objects("index-pattern").values()
    url = f"{watched.stack.elasticsearch.url}/{view['attributes']['title']}"

    def search(query: str, **body: Any) -> dict[str, Any]:
        requests.post(f"{url}/_refresh", timeout=10).raise_for_status()
        words = {"query_string": {"query": query, "analyze_wildcard": True, "time_zone": "UTC"}}
        asked = {"query": {"bool": {"filter": [words]}}, "size": 1000, **body}
        answer = requests.post(f"{url}/_search", json=asked, timeout=10)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return search


def lines(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [hit["_source"] for hit in found["hits"]["hits"]]


@pytest.mark.parametrize("search", kibana.SEARCHES, ids=lambda search: search.id)
def test_a_search_finds_lines_that_have_its_columns(ask, search):
    query = query_of(objects("search")[search.id])
    found = poll_until(search.title, lambda: lines(ask(query)))
    known = {key for line in found for key in line}
    optional = {"trading.kill_switch.reset_by", "trading.strategy.name", "error.type", "error.message"}
    assert set(search.columns) - known <= optional, set(search.columns) - known


@pytest.mark.parametrize("search", [s for s in kibana.SEARCHES if s.unless], ids=lambda search: search.id)
def test_a_search_that_is_empty_by_design_finds_nothing_before_its_fault(ask, watched, search):
    query = query_of(objects("search")[search.id])
    until = f"{watched.well_until * 1000:.0f}"
    assert lines(ask(f"({query}) AND @timestamp:[* TO {until}]")) == []


def test_an_orders_life_is_found_from_its_submission_to_its_end(ask):
    search = objects("search")["trading-order-life"]
    query, (sort,) = query_of(search), search["attributes"]["sort"]
    filled = poll_until(
        "a fill", lambda: lines(ask("event.action:trading.order.filled AND service.name:execution-engine"))
    )[0]
    story = ask(f'{query} AND trading.order.id:"{filled["trading.order.id"]}"', sort=[{sort[0]: sort[1]}])
    actions = [line["event.action"] for line in lines(story)]
    assert actions[0] == "trading.order.submitted"
    assert "trading.order.filled" in actions[1:]


@pytest.mark.parametrize("chart", kibana.CHARTS, ids=lambda chart: chart.id)
def test_a_chart_counts_lines_in_time_by_its_field(ask, chart):
    saved = objects("visualization")[chart.id]
    count, histogram, terms = json.loads(saved["attributes"]["visState"])["aggs"]
    assert (count["type"], histogram["type"], terms["type"]) == ("count", "date_histogram", "terms")
    asked = {
        "date_histogram": {"field": histogram["params"]["field"], "fixed_interval": "5s", "min_doc_count": 1},
        "aggs": {"3": {"terms": {"field": terms["params"]["field"], "size": terms["params"]["size"]}}},
    }
    found = ask(query_of(saved), size=0, aggs={"2": asked})
    assert any(part["3"]["buckets"] for part in found["aggregations"]["2"]["buckets"])
