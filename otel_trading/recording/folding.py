"""The fold: before each collection, the bucket counts of the cells are added to the SDK's aggregations.

Terms:

- cell: the numbers of one series, written by `record` (`cells.Histogram`);
- drain: take the numbers out of a cell, which starts again at zero (`cells.Drained`);
- entry: a connected cell together with its instrument and labels, one per series;
- stream: the place where one view of one reader aggregates a series (`_sdk.metrics.Stream`); an entry has
  one per view and reader;
- fold: drain every cell, and add its counts to each stream of its entry.

The SDK's private names are in `_sdk.metrics`. Where its probe fails, plain instruments record every value.
"""

from __future__ import annotations

from functools import partial
from threading import Lock
from time import time_ns
from typing import Any, Final

from opentelemetry.metrics import CallbackOptions, Histogram, Meter, Observation

from otel_trading._sdk import metrics
from otel_trading._sdk.probe import warn_unknown_release
from otel_trading.recording import cells

_HOOK_NAME: Final = "otel_trading.fold"


class _Entry:
    """A connected cell, its instrument, its labels and its streams."""

    __slots__ = ("attributes", "bounds", "cell", "instrument", "signed", "since", "streams")

    def __init__(
        self, instrument: Histogram, attributes: dict[str, Any], cell: cells.Histogram, signed: bool
    ) -> None:
        self.instrument = instrument
        self.attributes = attributes
        self.cell = cell
        self.signed = signed
        self.since = time_ns()
        self.bounds: tuple[float, ...] | None = None
        self.streams: tuple[metrics.Stream, ...] = ()

    def follow_readers(self) -> None:
        """Find the streams of the present readers, and switch the cell on with the buckets they need."""
        bounds = metrics.bounds_of(self.instrument)
        if bounds is None:  # a view needs the values themselves, for example an exponential histogram
            self.cell.switch_to(partial(self.instrument.record, attributes=self.attributes))
        elif bounds != self.bounds:  # only then, because switching on empties the cell
            self.cell.switch_on(bounds, signed=self.signed)
        self.bounds = bounds
        found = () if bounds is None else metrics.streams_of(self.instrument, self.attributes, bounds)
        self.streams = tuple(found)


class Folder:
    """Holds every connected histogram cell of one meter, and empties the cells before each collection."""

    def __init__(self, meter: Meter) -> None:
        """Hook into the meter's collections.

        The SDK calls every observable callback before it collects the synchronous instruments. An observable
        gauge without observations is therefore a public hook for "before each collection".
        """
        self._entries: list[_Entry] = []
        self._lock = Lock()
        self._last_fold = 0
        self._readers: object = None
        meter.create_observable_gauge(_HOOK_NAME, callbacks=[self._before_collection])

    def connect(
        self, instrument: Histogram, attributes: dict[str, Any], cell: cells.Histogram, *, signed: bool
    ) -> None:
        """Switch `cell` on, and fold it into `instrument` under `attributes` from the next collection on.

        Args:
            instrument: A histogram of an SDK meter.
            attributes: The labels of the series.
            cell: The cell that the handle records into.
            signed: Whether negative values are valid.
        """
        with self._lock:
            entry = _Entry(instrument, attributes, cell, signed)
            entry.follow_readers()
            if not self._entries:
                self._readers = metrics.readers_of(instrument)
            self._entries.append(entry)

    def fold(self) -> None:
        """Move the numbers of every cell into the SDK, for every reader at once."""
        with self._lock:
            last, self._last_fold = self._last_fold, time_ns()
            _fold(self._entries, last)
            # all instruments of a meter share their readers, so the first one shows a change
            readers = metrics.readers_of(self._entries[0].instrument) if self._entries else self._readers
            if readers is not self._readers:
                self._readers = readers
                for entry in self._entries:
                    _fold([entry], last)  # again, because switching on empties the cell
                    entry.follow_readers()

    def close(self) -> None:
        """Remove every cell, since the folder of the next provider drains them."""
        with self._lock:
            self._entries.clear()

    def _before_collection(self, options: CallbackOptions) -> tuple[Observation, ...]:  # noqa: ARG002
        self.fold()
        return ()


def _fold(entries: list[_Entry], last_fold: int) -> None:
    """Drain the cells of entries into their streams.

    Args:
        entries: Several at once, which saves a call per series.
        last_fold: Unix time in nanoseconds of the fold before this one.
    """
    for entry in entries:
        drained = entry.cell.drain()
        if drained is not None:
            since = last_fold if last_fold > entry.since else entry.since  # noqa: FURB136 - `max` is a call
            # the cell is empty now, so its counts go to the streams of all readers at once
            for stream in entry.streams:
                stream.add(drained, since)


def folder_of(meter: Meter) -> Folder | None:
    """Return a folder for a meter of the SDK, or None after a warning if the probe fails."""
    if metrics.probe():
        return Folder(meter)
    warn_unknown_release("fast histograms")
    return None
