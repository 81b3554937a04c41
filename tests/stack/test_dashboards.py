"""Every query of every panel, variable and annotation has a result on the real Prometheus."""

from __future__ import annotations

import json
import time
from typing import Any, NamedTuple

import pytest
import requests

from tests.stack.watched import FAULTS, Watched
from tests.support.dashboards import BOARDS, awaited, documents
from tools.dashboards import kibana
from tools.dashboards.panels import ANNOTATIONS
from tools.dashboards.queries import substituted
from tools.drills.system import ENVIRONMENT

DOCUMENTS = documents()


class Asked(NamedTuple):
    """One query of the JSON."""

    panel: str
    expr: str
    unless: str


def asked() -> list[Asked]:
    waiting = awaited()
    return [
        Asked(panel["title"], target["expr"], waiting.get(target["expr"], ""))
        for document in DOCUMENTS.values()
        for panel in document["panels"]
        for target in panel["targets"]
    ]


QUERIES = asked()


def name(query: Asked) -> str:
    return f"{query.panel}-{query.expr[:60]}"


def written_out(expr: str, seconds: float) -> str:
    """Return an expression as Grafana sends it if all variables are set to All."""
    everything = dict.fromkeys(("service", "venue", "strategy"), ".*")
    values = {
        **everything,
        "environment": ENVIRONMENT,
        "__rate_interval": "20s",
        "__range": f"{seconds:.0f}s",
    }
    return substituted(expr, values)


@pytest.fixture
def seen(watched: Watched) -> Any:
    """Return a function that queries the series of the healthy period, or of the whole time until now."""

    def ask(expr: str, *, well: bool) -> list[dict[str, Any]]:
        end = watched.well_until if well else time.time()
        return watched.series(written_out(expr, end - watched.begun), watched.begun, end)

    return ask


@pytest.mark.parametrize("query", [q for q in QUERIES if not q.unless], ids=name)
def test_a_query_has_data_while_the_system_trades_well(seen, query):
    assert seen(query.expr, well=True)


@pytest.mark.parametrize("query", [q for q in QUERIES if q.unless], ids=name)
def test_a_query_that_is_empty_by_design_has_data_once_its_fault_is_in_force(seen, query):
    assert not seen(query.expr, well=True)
    assert seen(query.expr, well=False)


def test_every_fault_that_a_panel_waits_for_is_applied():
    in_kibana = {each.unless for each in (*kibana.SEARCHES, *kibana.CHARTS)}
    assert {query.unless for query in QUERIES} | in_kibana == FAULTS.keys() | {""}


@pytest.mark.parametrize("uid", BOARDS)
def test_every_variable_has_values_to_choose_from(watched, uid):
    for variable in DOCUMENTS[uid]["templating"]["list"]:
        if variable["type"] == "query":
            function, _, inside = variable["query"].rstrip(")").partition("(")
            series, _, label = inside.rpartition(", ")
            assert function == "label_values"
            url = f"{watched.stack.prometheus.url}/api/v1/label/{label}/values"
            asked = {"match[]": written_out(series, 60), "start": f"{watched.begun}"}
            assert requests.get(url, params=asked, timeout=10).json()["data"], variable["name"]


def test_a_start_is_annotated_and_a_tripped_kill_switch_too(seen):
    (started,) = (
        each["expr"] for each in DOCUMENTS["slo"]["annotations"]["list"] if each["name"] == "Deploys"
    )
    assert len(seen(started, well=True)) == 4
    (tripped,) = (
        each["expr"] for each in DOCUMENTS["slo"]["annotations"]["list"] if each["name"] == "Kill switch"
    )
    assert not seen(tripped, well=True)
    assert seen(tripped, well=False)
    assert {each["name"] for each in DOCUMENTS["slo"]["annotations"]["list"]} == ANNOTATIONS.keys()


def test_an_exemplar_of_a_panel_leads_to_a_trace(watched):
    exprs = [
        written_out(target["expr"], 60)
        for panel in DOCUMENTS["trading-operations"]["panels"]
        for target in panel["targets"]
        if target.get("exemplar")
    ]
    url = f"{watched.stack.prometheus.url}/api/v1/query_exemplars"
    span = {"start": f"{watched.begun}", "end": f"{time.time()}"}
    found = [requests.get(url, params={"query": expr, **span}, timeout=10).json()["data"] for expr in exprs]
    assert all(found), [expr for expr, data in zip(exprs, found, strict=True) if not data]
    assert "trace_id" in json.dumps(found[0])
