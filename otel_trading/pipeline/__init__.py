"""Pipeline: every item that is recorded leaves the process, or is counted as lost.

Four rooms, in the order in which imports point: setup, collect, deliver, clean.
"""

from otel_trading.pipeline.setup.configure import attach_to_globals, configure, is_running
from otel_trading.pipeline.setup.telemetry import Telemetry

__all__ = [
    "Telemetry",
    "attach_to_globals",
    "configure",
    "is_running",
]
