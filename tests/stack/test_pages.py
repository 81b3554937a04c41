"""The queries of the guide and the verification have results after the example has traded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.pages import Step, in_test, shows, steps_of
from tools.drills.running import RunningStack, poll_until

PAGES = ("guide.md", "verification.md")
ASKED = [(page, number, step) for page in PAGES for number, step in enumerate(steps_of(page), start=1)]
BESIDE = str(Path(sys.executable).parent)


def blocks(language: str) -> Any:
    """Parametrize over the blocks of a language; of shell blocks, only those that need the stack."""
    wanted = [
        pytest.param(step, id=f"{page}-{number}")
        for page, number, step in ASKED
        if step.language == language and (language != "bash" or step.mark == "stack")
    ]
    return pytest.mark.parametrize("step", wanted)


@blocks("promql")
def test_prometheus_answers(stack, ended, step):
    def answer() -> dict[str, Any]:
        asked = {"query": in_test(step.text), "time": ended}
        return requests.get(f"{stack.prometheus.url}/api/v1/query", params=asked, timeout=10).json()

    assert answer()["status"] == "success", answer()
    if step.mark == "data":
        poll_until("the query has a result", lambda: answer()["data"]["result"])


@blocks("jaeger")
def test_jaeger_finds_a_trace(stack, traded, step):
    url = f"{stack.jaeger.url}/api/traces?{in_test(step.text).strip()}"
    poll_until("a trace is found", lambda: requests.get(url, timeout=10).json()["data"])


@blocks("elasticsearch")
def test_elasticsearch_finds_a_line(stack, traded, step):
    query = {"query_string": {"query": in_test(step.text)}}
    poll_until("a document is found", lambda: stack.documents(query))


@blocks("bash")
def test_a_command_prints_the_output_on_the_page(stack, traded, step):
    expected = following(step)
    poll_until(f"it prints {expected!r}", lambda: shows(expected, printed_by(step, stack)))


def following(step: Step) -> str:
    """Return the output that the page shows below a block."""
    steps = [other for _, _, other in ASKED]
    after = steps[steps.index(step) + 1]
    assert after.language == "text"
    return after.text


def printed_by(step: Step, stack: RunningStack) -> str:
    """Run a block with the ports of the test's stack in place of those on the page, and return its output."""
    text = step.text
    for port, url in ((16686, stack.jaeger.url), (9999, stack.prometheus.url)):
        text = text.replace(f"http://127.0.0.1:{port}", url)
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    environ = {**kept, **stack.environ(), "PATH": f"{BESIDE}{os.pathsep}{kept['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", text], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout
