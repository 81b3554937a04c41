"""The form of `calls`: compiled where the cells of recording are, or the same in Python."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from otel_trading.recording.form import COMPILED, FORM

if TYPE_CHECKING:
    from otel_trading.tracing import calls
else:
    _NAME = "otel_trading.tracing._calls"
    calls = import_module(_NAME if FORM == COMPILED and find_spec(_NAME) else "otel_trading.tracing.calls")

__all__ = ["calls"]
