"""What a log record may carry: the rule of the whole package, under the names this room uses."""

from otel_trading._exportable import described, exportable, named, text

__all__ = ["described", "exportable", "named", "text"]
