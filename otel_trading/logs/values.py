"""What a log record may carry: the rule of the whole package, under the names this room uses."""

from otel_trading._exportable import described, exportable, text

__all__ = ["described", "exportable", "text"]
