"""The pipeline: how telemetry leaves the process, or gets counted as lost."""

from otel_trading.pipeline.setup.configure import attach_to_globals, configure, is_running
from otel_trading.pipeline.setup.telemetry import Telemetry

__all__ = [
    "Telemetry",
    "attach_to_globals",
    "configure",
    "is_running",
]
