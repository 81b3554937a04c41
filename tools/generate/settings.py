"""Settings: generates the reference of the settings from the table that `configure` reads."""

from __future__ import annotations

from otel_trading.pipeline.setup.settings import settings_markdown


def generate() -> dict[str, str]:
    """Return the text of the page by its path below the root."""
    page = f"""<!-- Generated from otel_trading/pipeline/setup/settings.py by make generate. Do not edit. -->
# Settings

Each setting is a keyword of [`configure`](api.md), or a variable of the environment: ours first, then
OpenTelemetry's own. A keyword wins over the environment, and the environment over the default. A wrong value
is a `ConfigurationError` that says what was given, what is allowed, and the nearest match.

{settings_markdown().strip()}
"""
    return {"docs/reference/settings.md": page}
