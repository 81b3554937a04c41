"""`install` installs the template and the lifecycle, also repeatedly, or reports a refusal."""

from __future__ import annotations

import pytest
import requests

from tools.drills.running import RunningStack


@pytest.fixture
def template(stack: RunningStack) -> dict[str, object]:
    answer = requests.get(f"{stack.elasticsearch.url}/_index_template/trading-logs", timeout=10)
    answer.raise_for_status()
    (found,) = answer.json()["index_templates"]
    return dict(found["index_template"])


def test_the_template_is_installed_and_in_force(stack, template):
    assert template["index_patterns"] == ["trading-logs-*"]
    url = f"{stack.elasticsearch.url}/trading-logs-2000.01.01"
    document = {"@timestamp": "2000-01-01T00:00:00Z", "trace.id": "a" * 32, "message": "hello world", "n": 1}
    requests.post(f"{url}/_doc?refresh=true", json=document, timeout=10).raise_for_status()
    properties = requests.get(f"{url}/_mapping", timeout=10).json()["trading-logs-2000.01.01"]["mappings"]
    requests.delete(url, timeout=10).raise_for_status()
    fields = properties["properties"]
    assert fields["trace"]["properties"]["id"]["type"] == "keyword"
    assert fields["@timestamp"]["type"] == "date"
    assert fields["n"]["type"] == "double"


def test_a_server_without_lifecycles_is_named_each_time(stack):
    """The OpenSearch of the tests lacks the plugin; the unit tests cover ILM and ISM with a fake server."""
    messages = [stack.install(), stack.install()]
    assert messages[0] == messages[1]
    assert "refused the 30-day lifecycle (400: no handler found" in messages[0]
    assert "index-management is missing" in messages[0]
