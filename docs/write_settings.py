"""Writes the reference of the settings from the table that `configure` itself reads."""

from __future__ import annotations

import sys
from pathlib import Path

from otel_trading.pipeline import settings_markdown

PAGE = Path(__file__).with_name("reference") / "settings.md"


def page() -> str:
    """Return the page as it should be."""
    return f"""<!-- Generated from otel_trading/pipeline/settings.py by make generate. Do not edit. -->
# Settings

Each setting is a keyword of [`configure`](api.md), or a variable of the environment: ours first, then
OpenTelemetry's own. A keyword wins over the environment, and the environment over the default. A wrong value
is a `ConfigurationError` that says what was given, what is allowed, and the nearest match.

{settings_markdown().strip()}
"""


def main(arguments: list[str]) -> int:
    """Write the page; with `--check`, only say whether it is stale."""
    if "--check" not in arguments:
        PAGE.write_text(page(), encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == page():
        return 0
    print("stale, run make generate: docs/reference/settings.md")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
