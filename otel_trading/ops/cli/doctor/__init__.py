"""Doctor: sends one metric, span and log record through the whole pipeline, and says where they got stuck."""

from otel_trading.ops.cli.doctor.report import Options, run

__all__ = ["Options", "run"]
