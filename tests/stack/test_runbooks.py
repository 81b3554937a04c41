"""The queries of the runbooks run on the real backends after the example has traded.

A block with the mark `{.data}` also finds data in a healthy system; every other block must be valid.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import requests

from tests.support.runbooks import Block, all_blocks
from tools.drills.running import RunningStack, poll_until

HEARTBEAT = 'trading_service_heartbeat_timestamp_seconds{deployment_environment_name="test"}'


EXPORT_INTERVAL = 5.0


@pytest.fixture(scope="module")
def ended(stack: RunningStack, traded: dict[str, Any]) -> float:
    """When the services had ended, their last export included, as Unix time: asked later, they are long gone."""
    beats = poll_until(
        "a heartbeat is in Prometheus",
        lambda: stack.prometheus.query(f"max(last_over_time({HEARTBEAT}[1h]))"),
    )
    return float(beats[0]["value"][1]) + EXPORT_INTERVAL


def in_test(block: Block) -> str:
    """The text of a block, with the environment that the example traded in."""
    return re.sub(r"\blive\b", "test", block.text)


@pytest.mark.parametrize("block", all_blocks("promql"), ids=str)
def test_prometheus_answers(stack, ended, block):
    def answer() -> dict[str, Any]:
        asked = {"query": in_test(block), "time": ended}
        return requests.get(f"{stack.prometheus.url}/api/v1/query", params=asked, timeout=10).json()

    first = answer()
    assert first["status"] == "success", first
    if block.finds_data:
        poll_until(f"{block} has a result", lambda: answer()["data"]["result"])


@pytest.mark.parametrize("block", all_blocks("jaeger"), ids=str)
def test_jaeger_answers(stack, traded, block):
    def answer() -> requests.Response:
        return requests.get(f"{stack.jaeger.url}/api/traces?{in_test(block)}", timeout=10)

    first = answer()
    assert first.status_code == 200, first.text
    assert isinstance(first.json()["data"], list)
    if block.finds_data:
        poll_until(f"{block} finds a trace", lambda: answer().json()["data"])


@pytest.mark.parametrize("block", all_blocks("elasticsearch"), ids=str)
def test_elasticsearch_answers(stack, traded, block):
    query = {"query_string": {"query": in_test(block)}}
    stack.documents(query)
    if block.finds_data:
        poll_until(f"{block} finds a document", lambda: stack.documents(query))
