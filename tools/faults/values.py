"""Values that are hostile to telemetry, and values that are normal in trading."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np


class Side(Enum):
    BUY = "buy"


class Text(str, Enum):
    DAY = "day"


class Level(IntEnum):
    HIGH = 3


class Raises:
    """An object whose methods all raise."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def __iter__(self) -> Iterator[Any]:
        raise RuntimeError("no items")

    def __bool__(self) -> bool:
        raise RuntimeError("neither")

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __format__(self, spec: str) -> str:
        raise RuntimeError("no format")


class RecordsText:
    """An object that records whether its text was requested."""

    was_requested = False

    def __str__(self) -> str:
        RecordsText.was_requested = True
        return "text"

    __repr__ = __str__


class RaisingMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise RuntimeError("no value")

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("no keys")

    def __len__(self) -> int:
        return 3


class RaisingText(str):
    """A text whose methods raise."""

    __slots__ = ()

    def __len__(self) -> int:
        raise RuntimeError("no length")

    def isascii(self) -> bool:
        raise RuntimeError("no alphabet")

    def encode(self, *_: Any, **__: Any) -> bytes:
        raise RuntimeError("no bytes")


def recursive() -> list[Any]:
    endless: list[Any] = []
    endless.append(endless)
    return endless


def deep() -> Any:
    value: Any = "bottom"
    for _ in range(5000):
        value = [value]
    return value


NORMAL = {
    "decimal": (Decimal("182.11"), 182.11),
    "fraction": (Fraction(1, 4), 0.25),
    "enum": (Side.BUY, "buy"),
    "text enum": (Text.DAY, "day"),
    "int enum": (Level.HIGH, 3),
    "datetime": (datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), "2026-01-02T03:04:05+00:00"),
    "naive datetime": (datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),  # noqa: DTZ001 - as people write it
    "date": (date(2026, 1, 2), "2026-01-02"),
    "uuid": (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "path": (Path("a/b"), "a/b"),
    "numpy float": (np.float64(1.5), 1.5),
    "numpy float32": (np.float32(1.5), 1.5),
    "numpy int": (np.int64(7), 7),
    "numpy bool": (np.bool_(1), True),
    "numpy datetime": (np.datetime64("2026-01-02T03:04:05"), "2026-01-02T03:04:05"),
    "order id beyond 64 bits": (2**64 + 1, "18446744073709551617"),
}
"""Values that are normal in trading, each with the value that arrives."""

HOSTILE: dict[str, Any] = {
    "raises": Raises(),
    "text that raises": RaisingText("x"),
    "object": object(),
    "mapping that raises": RaisingMapping(),
    "recursive": recursive(),
    "deep": deep(),
    "wide": list(range(100_000)),
    "1 MB": "x" * 1_000_000,
    "lone surrogate": "a\ud800b",
    "nul": "a\x00b",
    "control characters": "a\r\n\x1b[31m\u202eb",
    "bytes": b"\xff\xfe",
    "huge int": 10**5000,
    "nan": math.nan,
    "inf": math.inf,
    "complex": 1j,
    "set": {1, 2},
    "generator": (n for n in range(3)),
    "lambda": lambda: None,
    "class": int,
    "memoryview": memoryview(b"abc"),
    "numpy array": np.arange(5),
    "not a number": Decimal("sNaN"),
    "none": None,
}
