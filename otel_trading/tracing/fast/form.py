"""The form of `calls`: compiled where recording's cells are and there is a GIL, or the same in Python."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from otel_trading.recording.form import COMPILED, FORM

if TYPE_CHECKING:
    from otel_trading.tracing.fast import calls
else:
    _NAME = "otel_trading.tracing.fast._calls"
    _HAS_GIL = "free-threading" not in sys.version  # without one, what the structs hold needs locks in C
    _is_compiled = FORM == COMPILED and _HAS_GIL and find_spec(_NAME)
    calls = import_module(_NAME if _is_compiled else "otel_trading.tracing.fast.calls")

__all__ = ["calls"]
