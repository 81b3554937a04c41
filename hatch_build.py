"""The build hook of the wheel: carries the folders that `otel_trading.assets` looks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ASSETS = ("alerts", "collector", "dashboards/grafana", "dashboards/kibana", "examples")
LEFT_OUT = {"__pycache__", ".stack", "secrets", "target"}


class AssetsHook(BuildHookInterface[Any]):
    """Puts the example system beside the package, so that `otel-trading demo` runs from a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the folders to a standard wheel.

        Args:
            version: "standard" or "editable"; an editable install finds them in the clone.
            build_data: hatchling's build data; `force_include` maps a source to its place in the wheel.
        """
        if version != "standard":
            return
        for folder in ASSETS:
            for path in sorted(Path(self.root, folder).rglob("*")):
                if path.is_file() and not LEFT_OUT & set(path.relative_to(self.root).parts):
                    place = path.relative_to(self.root).as_posix()
                    build_data["force_include"][str(path)] = f"otel_trading/_assets/{place}"
