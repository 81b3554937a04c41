"""Fixtures: a browser, a tab, and the page of the demo."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.browser.programs import PATIENCE, running


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not os.environ.get(chromium.WANTED):
        pytest.skip("make test-browser runs this; it needs Chromium: apt-get install chromium")
    with chromium.started() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Yield a new tab; the test fails if a script fails or fetches from another host."""
    failures: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("request", lambda request: None if is_local(request.url) else failures.append(request.url))
    yield page
    context.close()
    assert failures == []


def is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


@pytest.fixture(scope="session")
def demo(browser: Browser) -> Iterator[str]:
    """Yield the URL of the page of a demo, whose market starts with the first test."""
    with running("demo", "--seconds", "25", "--keep") as program:
        url = program.wait_for(r"Watch it at (\S+)")
        program.wait_for("ready +market-data")
        yield url
        assert program.end() == 0
