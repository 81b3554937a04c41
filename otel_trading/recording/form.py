"""The form of the cells: compiled when the package was built, or the same source in Python.

`OTEL_TRADING_PURE_PYTHON=1` chooses Python even if compiled cells are installed, for tests and benchmarks.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from otel_trading.recording import cells, sums

if TYPE_CHECKING:
    from collections.abc import Callable

PURE: Final = "pure Python"
COMPILED: Final = "compiled"

_MODULES: Final = "otel_trading.recording._cells", "otel_trading.recording._sums"


class Cells(NamedTuple):
    """The functions that make the cells, one for each kind of metric."""

    histogram: Callable[[], cells.Histogram]
    counter: Callable[[], sums.Counter]
    up_down_counter: Callable[[], sums.UpDownCounter]
    gauge: Callable[[], sums.Gauge]


def cells_of(form: str, *, free_threaded: bool) -> Cells:
    """Return the cells of one form.

    Args:
        form: `PURE` or `COMPILED`.
        free_threaded: Whether threads may record at the same instant, as without a GIL.

    Raises:
        ModuleNotFoundError: `form` is `COMPILED`, and no cells were compiled.
    """
    histograms: Any = cells
    others: Any = sums
    if form == COMPILED:
        histograms, others = map(import_module, _MODULES)
    kinds = histograms.Histogram, others.Counter, others.UpDownCounter, others.Gauge
    if not free_threaded:
        return Cells(*kinds)
    from otel_trading.recording import sharding  # noqa: PLC0415 - few interpreters need it

    thread_safe: tuple[Any, ...] = (
        sharding.ShardedHistogram,
        sharding.ShardedCounter,
        sharding.LockedLevel,
        sharding.LockedLevel,
    )
    return Cells(*map(partial, thread_safe, kinds))


def _chosen() -> str:
    asked_for_pure = os.environ.get("OTEL_TRADING_PURE_PYTHON", "0") not in {"", "0"}
    return PURE if asked_for_pure or None in map(find_spec, _MODULES) else COMPILED


FORM: Final = _chosen()
"""The form that runs, as `telemetry.health()` reports it."""

HAS_GIL: Final = "free-threading" not in sys.version
"""Whether this interpreter has a global lock, so that one thread runs at a time."""

CELLS: Final = cells_of(FORM, free_threaded=not HAS_GIL)
"""The functions that make the cells of this process."""
