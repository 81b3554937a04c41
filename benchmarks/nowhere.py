"""Nowhere: where what is measured is exported to, so that no network is part of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from otel_trading.pipeline.deliver.sender import Outcome
from otel_trading.pipeline.setup import exporters


class Nowhere:
    """A way out that delivers nothing, and says that it did."""

    def send(self, items: Sequence[Any], deadline: float) -> Outcome[Any]:
        """Drop the items."""
        del deadline
        return Outcome(delivered=len(items))

    def close(self) -> None:
        """Do nothing."""


def lead_nowhere() -> None:
    """Have every exporter of telemetry that is configured from now on deliver nothing."""
    exporters.build_exporter = lambda *asked: Nowhere()  # type: ignore[assignment]  # noqa: ARG005
