"""Every block of Python in README and docs runs and loses no telemetry; every page is in the navigation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def blocks(page: Path, language: str) -> list[str]:
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [
        re.sub(rf"^{indent}", "", code, flags=re.MULTILINE)
        for indent, kind, code in found
        if kind == language
    ]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, language)]


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


LOSSES = """
def _assert_no_losses():
    import sys
    counted = sys.modules.get("otel_trading._losses")
    losses = counted.snapshot() if counted else {}
    assert losses == {}, f"the page loses telemetry: {losses}"
"""
AFTER_A_PAGE = f"""
{LOSSES}
_assert_no_losses()
"""
AFTER_EACH_TEST = f"""
import pytest
{LOSSES}
@pytest.fixture(autouse=True)
def _lossless():
    yield
    _assert_no_losses()
"""


@pytest.mark.parametrize("page", pages_with("python"), ids=page_id)
def test_the_python_blocks_of_a_page_run_in_order_and_lose_nothing(page, tmp_path):
    """In one process per page; a page with tests is run by pytest."""
    code = "\n\n".join(blocks(page, "python"))
    script = tmp_path / "test_page.py"
    script.write_text(code + AFTER_A_PAGE, encoding="utf-8")
    command = [sys.executable, "-W", "error", str(script)]
    if "\ndef test_" in code:
        (tmp_path / "conftest.py").write_text(AFTER_EACH_TEST, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(script)]
    environ = {**os.environ, "OTEL_TRADING_EXPORTERS": "none"}  # unless the page sets exporters itself
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=tmp_path, env=environ, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_page_is_reachable_from_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if page not in navigation] == []


PATH = re.compile(r"`([\w.-]+(?:/[\w.-]+)+\.(?:py|pyx|pxd|ya?ml|md|tmpl|toml|json))`")
WRITTEN_BY_USERS = {"alerts/notifications/site.tmpl"}
DESIGN = sorted((ROOT / "otel_trading").rglob("README.md"))


def named_paths(page: Path) -> list[str]:
    return PATH.findall(page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", [p for p in [*PAGES, *DESIGN] if named_paths(p)], ids=page_id)
def test_each_path_that_a_page_names_exists(page):
    """Below the root, the package, a room of the pipeline, or the page's own folder."""
    package = ROOT / "otel_trading"
    homes = (ROOT, package, package / "pipeline", page.parent)
    named = set(named_paths(page)) - WRITTEN_BY_USERS
    missing = [path for path in sorted(named) if not any((home / path).exists() for home in homes)]
    assert missing == []
