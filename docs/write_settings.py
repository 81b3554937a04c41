"""Writes the reference of the settings from the table that `configure` itself reads."""

from __future__ import annotations

import sys
from pathlib import Path

from otel_trading.pipeline.setup.settings import settings_markdown
from registry.writing import write

ROOT = Path(__file__).parents[1]
PAGE = "docs/reference/settings.md"


def page() -> str:
    """Return the page as it should be."""
    return f"""<!-- Generated from otel_trading/pipeline/setup/settings.py by make generate. Do not edit. -->
# Settings

Each setting is a keyword of [`configure`](api.md), or a variable of the environment: ours first, then
OpenTelemetry's own. A keyword wins over the environment, and the environment over the default. A wrong value
is a `ConfigurationError` that says what was given, what is allowed, and the nearest match.

{settings_markdown().strip()}
"""


def main(arguments: list[str]) -> int:
    """Write the page; with `--check`, only print how it differs."""
    return write(ROOT, {PAGE: page()}, check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
