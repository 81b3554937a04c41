"""Headless Chromium of the distribution, driven over its own protocol, without downloads."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, sync_playwright

WANTED: Final = "OTEL_TRADING_BROWSER_TESTS"
"""The variable that enables the browser tests; they then fail without Chromium."""

NEEDED: Final = "Chromium is not on the PATH: apt-get install chromium, or set CHROMIUM=<path>"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


def path() -> str | None:
    """Return the path of Chromium, or None."""
    given = os.environ.get("CHROMIUM")
    return given or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def started() -> Iterator[Browser]:
    """Start Chromium, and stop it at the end of the block.

    Raises:
        RuntimeError: Chromium is not installed.
    """
    executable = path()
    if executable is None:
        raise RuntimeError(NEEDED)
    with sync_playwright() as playwright:
        # Containers do not allow the sandbox, and the browser shows only our own page. Grey edges of letters
        # make smaller pictures.
        arguments = ["--no-sandbox", "--disable-lcd-text"]
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        yield browser
        browser.close()
