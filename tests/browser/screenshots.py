"""Screenshots: captures the page of the demo for the documentation, in three sizes, light and dark.

`make screenshots` runs this program; it writes the pictures to docs/images/.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, Page

from tests.browser import chromium
from tests.browser.programs import PATIENCE, running

_FOLDER: Final = Path(__file__).parents[2] / "docs/images"
_SIZES: Final = ((1440, 900), (1024, 768), (390, 844))
_SECONDS: Final = "90"
_SETTLED: Final = "() => { const all = [...document.querySelectorAll('.chart')]; return all.length && all.every(c => c.querySelector('svg path')) }"


def main() -> None:
    """Run the demo, and capture its page after most of its faults."""
    with running("demo", "--seconds", _SECONDS, "--keep") as program, chromium.started() as browser:
        url = program.wait_for(r"Watch it at (\S+)")
        program.wait_for("a limit is lowered")
        for scheme in ("light", "dark"):
            for width, height in _SIZES:
                _capture(browser, url, scheme, width, height)


def _capture(browser: Browser, url: str, scheme: str, width: int, height: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(PATIENCE * 1000)
    page.goto(url)
    page.wait_for_function(_SETTLED)
    _save(page, f"trading-{width}-{scheme}")
    page.goto(f"{url}/traces?orders=1&name=order+market")
    page.locator(
        ".traces tbody a"
    ).last.click()  # the fastest order, because the venue's part does not dwarf the others
    page.wait_for_selector(".waterfall details")
    _save(page, f"trace-{width}-{scheme}")
    context.close()


def _save(page: Page, name: str) -> None:
    path = _FOLDER / f"{name}.png"
    page.screenshot(path=path)
    print(f"docs/images/{path.name}  {path.stat().st_size // 1000} kB")  # noqa: T201 - a program


if __name__ == "__main__":
    main()
