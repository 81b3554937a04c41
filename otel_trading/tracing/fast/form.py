"""The form of `calls` and `unsampled`: compiled if recording's cells are and a GIL exists, else Python."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from otel_trading.recording.form import COMPILED, FORM, HAS_GIL

if TYPE_CHECKING:
    from otel_trading.tracing.fast import calls, unsampled
else:
    _ROOM = "otel_trading.tracing.fast"
    # without a GIL, two threads may write one field of a struct at once, and the C code acquires no lock
    _IS_COMPILED = FORM == COMPILED and HAS_GIL and find_spec(f"{_ROOM}._calls")
    calls, unsampled = (
        import_module(f"{_ROOM}.{'_' if _IS_COMPILED else ''}{name}") for name in ("calls", "unsampled")
    )

__all__ = ["calls", "unsampled"]
