"""Boards: lists all dashboards; it does not need Grafana's builders."""

from __future__ import annotations

from typing import Final

from tools.dashboards import objectives, system_health, trading_operations
from tools.dashboards.panels import Dashboard

DASHBOARDS: Final[tuple[Dashboard, ...]] = (
    trading_operations.DASHBOARD,
    system_health.DASHBOARD,
    objectives.DASHBOARD,
)
