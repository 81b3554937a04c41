"""The queries of the runbooks run on the real backends after the example has traded.

A block with the mark `{.data}` also finds data in a healthy system; every other block must be valid.
"""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.pages import in_test
from tests.support.runbooks import all_blocks
from tools.drills.running import poll_until


@pytest.mark.parametrize("block", all_blocks("promql"), ids=str)
def test_prometheus_answers(stack, ended, block):
    def answer() -> dict[str, Any]:
        asked = {"query": in_test(block.text), "time": ended}
        return requests.get(f"{stack.prometheus.url}/api/v1/query", params=asked, timeout=10).json()

    first = answer()
    assert first["status"] == "success", first
    if block.finds_data:
        poll_until(f"{block} has a result", lambda: answer()["data"]["result"])


@pytest.mark.parametrize("block", all_blocks("jaeger"), ids=str)
def test_jaeger_answers(stack, traded, block):
    def answer() -> requests.Response:
        return requests.get(f"{stack.jaeger.url}/api/traces?{in_test(block.text)}", timeout=10)

    first = answer()
    assert first.status_code == 200, first.text
    assert isinstance(first.json()["data"], list)
    if block.finds_data:
        poll_until(f"{block} finds a trace", lambda: answer().json()["data"])


@pytest.mark.parametrize("block", all_blocks("elasticsearch"), ids=str)
def test_elasticsearch_answers(stack, traded, block):
    query = {"query_string": {"query": in_test(block.text)}}
    stack.documents(query)
    if block.finds_data:
        poll_until(f"{block} finds a document", lambda: stack.documents(query))
