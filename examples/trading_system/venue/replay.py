"""Replay: read real ticks from LEAN's equity tick files, in the order of their times.

The folder of a symbol holds `YYYYMMDD_trade.zip` and `YYYYMMDD_quote.zip`, each with one CSV file without a
header:

    trade   ms, price, size, exchange, sale condition, suspicious
    quote   ms, bid price, bid size, ask price, ask size, exchange, condition, suspicious

Milliseconds count from the exchange's midnight, prices are ten-thousandths of a dollar. A side that a quote
does not state is zero. In real files most quotes state one side; the other side of that exchange is
unchanged.
Format: https://github.com/QuantConnect/Lean, Data/equity.

Every line is counted: it becomes a tick, or it is dropped for one of three reasons: `before_start`,
`suspicious` (the exchange's own flag) or `malformed`.
"""

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from io import TextIOWrapper
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any

from trading_system.venue.ticks import Quote, Tick, Trade

SUSPICIOUS = "suspicious"
MALFORMED = "malformed"
BEFORE_START = "before_start"
REGULAR = "1"

Line = tuple[int, Tick | str]


class ReplayError(Exception):
    """A folder cannot be replayed; the message is one sentence."""


@dataclass
class Replay:
    """The ticks of a folder, read once. The counts grow during the iteration.

    Args:
        symbols: The symbols in the folder.
        days: The files of each day, in order.
        start: Milliseconds since midnight; earlier lines are counted and not replayed.
        speed: Replayed seconds per second.
    """

    symbols: tuple[str, ...]
    days: dict[str, list[tuple[str, Path]]]
    start: int
    speed: float
    lines: int = 0
    ticks: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    span: dict[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[float, Tick]]:
        """Yield the seconds since the market's start, and the tick."""
        elapsed = 0.0
        for day, files in self.days.items():
            begin, last = elapsed, self.start
            for milliseconds, tick in self._ticks_of(day, files):
                last = milliseconds
                elapsed = begin + (last - self.start) / 1000 / self.speed
                yield elapsed, tick

    def counts(self) -> dict[str, Any]:
        """Return how many lines were read, became ticks and were dropped, and the span in exchange time."""
        return {
            "lines": self.lines,
            "ticks": self.ticks,
            "dropped": dict(self.dropped),
            "span": dict(self.span),
        }

    def _ticks_of(self, day: str, files: list[tuple[str, Path]]) -> Iterator[tuple[int, Tick]]:
        for milliseconds, item in merge(*(_lines(symbol, path) for symbol, path in files), key=itemgetter(0)):
            reason = BEFORE_START if milliseconds < self.start else item if isinstance(item, str) else ""
            if not isinstance(item, str) and not reason:
                yield milliseconds, item
                # After the yield the tick has been sent, so that the counts balance whenever a caller reads
                # them.
                self.ticks += 1
                moment = _moment(day, milliseconds)
                self.span.setdefault("from", moment)
                self.span["to"] = moment
            else:
                self.dropped[reason] += 1
            self.lines += 1


def open_replay(folder: Path, *, start: int, speed: float) -> tuple[Replay, Iterator[tuple[float, Tick]]]:
    """Find the ticks of a folder, and check that every file can be read.

    Args:
        folder: The tick folder of one symbol, or its parent with one folder per symbol.
        start: Milliseconds since midnight.
        speed: Replayed seconds per second.

    Returns:
        The replay with its counts, and the iterator of its ticks.

    Raises:
        ReplayError: The folder does not exist, has no tick, or has a damaged file.
    """
    if not folder.is_dir():
        raise ReplayError(
            f"the replay folder {str(folder)!r} does not exist; give one such as .../equity/usa/tick/ibm"
        )
    files = _tick_files(folder) or [file for child in sorted(folder.iterdir()) for file in _tick_files(child)]
    if not files:
        raise ReplayError(
            f"the replay folder {str(folder)!r} has no ticks; it needs YYYYMMDD_trade.zip and "
            "YYYYMMDD_quote.zip, in it or in one folder per symbol"
        )
    days: dict[str, list[tuple[str, Path]]] = {}
    for symbol, path in sorted(files, key=lambda file: file[1].name):
        _check(path)
        days.setdefault(path.name[:8], []).append((symbol, path))
    replay = Replay(tuple(sorted({symbol for symbol, _ in files})), days, start, speed)
    ticks = iter(replay)
    first = next(ticks, None)
    if first is None:
        raise ReplayError(
            f"the replay folder {str(folder)!r} has no ticks from {_clock(start)} on; give an earlier start"
        )
    return replay, chain([first], ticks)


def _tick_files(folder: Path) -> list[tuple[str, Path]]:
    return [
        (folder.name.upper(), path)
        for kind in ("trade", "quote")
        for path in sorted(folder.glob(f"[0-9]*_{kind}.zip"))
    ]


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise ReplayError(
            f"the replay file {str(path)!r} is not a complete zip ({error}); download it again"
        ) from error
    if damaged:
        raise ReplayError(f"the replay file {str(path)!r} is damaged in {damaged!r}; download it again")
    if len(names) != 1:
        raise ReplayError(f"the replay file {str(path)!r} holds {len(names)} files; a tick zip holds one CSV")


def _lines(symbol: str, path: Path) -> Iterator[Line]:
    parse: Callable[[str, list[str]], Tick | str] = _quote if path.name.endswith("_quote.zip") else _trade
    last = 0
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as raw:
        for line in TextIOWrapper(raw, encoding="ascii", errors="replace"):
            values = line.rstrip("\r\n").split(",")
            try:
                last, item = int(values[0]), parse(symbol, values)
            except ValueError:
                item = MALFORMED
            yield last, item


def _trade(symbol: str, values: list[str]) -> Tick | str:
    _, price, size, exchange, condition, suspicious = values
    tick = Trade(symbol, int(price), int(size), exchange, ("@" if condition == REGULAR else condition,))
    return SUSPICIOUS if suspicious != "0" else tick


def _quote(symbol: str, values: list[str]) -> Tick | str:
    _, bid, bid_size, ask, ask_size, exchange, condition, suspicious = values
    tick = Quote(
        symbol,
        int(bid),
        int(bid_size),
        exchange if int(bid) else "",
        int(ask),
        int(ask_size),
        exchange if int(ask) else "",
        ("R" if condition == REGULAR else condition,),
    )
    return SUSPICIOUS if suspicious != "0" else tick


def _moment(day: str, milliseconds: int) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:8]}T{_clock(milliseconds)}"


def _clock(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"
