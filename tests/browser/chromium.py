"""Chromium from the distribution, headless, driven over its own protocol; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

WANTED: Final = "OTEL_TRADING_BROWSER_TESTS"
"""With this variable set, tests in the browser run, and fail where there is none."""

NEEDED: Final = "Chromium is not on the PATH: apt-get install chromium, or name it with CHROMIUM=<path>"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def path() -> str | None:
    """Where Chromium is."""
    given = os.environ.get("CHROMIUM")
    return given or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def started() -> Iterator[Browser]:
    """Start it, and end it.

    Raises:
        RuntimeError: There is none.
    """
    executable = path()
    if executable is None:
        raise RuntimeError(NEEDED)
    with sync_playwright() as playwright:
        # without its sandbox, which containers do not let it build: it shows a page of ours only
        # and with grey edges of letters, which make small pictures
        arguments = ["--no-sandbox", "--disable-lcd-text"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()
