"""Sets aside the Collector's queue files that its database cannot open, so that it starts all the same.

Its own `recreate` does that for a file that is damaged inside; one without a readable head it refuses,
and does not start. `python queues.py FOLDER` is run before it; Python's standard library is enough.
"""

from __future__ import annotations

import struct
import sys
import time
from pathlib import Path
from typing import BinaryIO

# bbolt: a page begins with a head of 16 bytes, the first two pages are heads of the database ("meta"), one of
# which must be good: go.etcd.io/bbolt, internal/common/meta.go
_PAGE_HEAD = 16
_MAGIC, _VERSION = 0xED0CDAED, 2
_SUMMED = 56
_PAGE_SIZES = [1024 << power for power in range(15)]
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def set_aside(folder: Path) -> list[Path]:
    """Rename what is no database.

    Args:
        folder: The Collector's `OTELCOL_STORAGE`; it need not be there.

    Returns:
        The new places, `<name>.<time>.backup` as the Collector names what it sets aside itself.
    """
    moved = []
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.suffix != ".backup" and not _can_be_opened(path):
            moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            moved.append(path.rename(path.with_name(f"{path.name}.{moment}.backup")))
    return moved


def _can_be_opened(path: Path) -> bool:
    """An empty file counts: the database makes a new one of it."""
    if not path.stat().st_size:
        return True
    with path.open("rb") as file:
        return any(_is_head(file, at) for at in (0, *_PAGE_SIZES))


def _is_head(file: BinaryIO, at: int) -> bool:
    file.seek(at + _PAGE_HEAD)
    meta = file.read(_SUMMED + 8)
    if len(meta) < _SUMMED + 8 or struct.unpack_from("<II", meta) != (_MAGIC, _VERSION):
        return False
    (checksum,) = struct.unpack_from("<Q", meta, _SUMMED)
    return bool(checksum == _fnv(meta[:_SUMMED]))


def _fnv(data: bytes) -> int:
    """FNV-1a, 64 bits."""
    digest = _FNV_OFFSET
    for byte in data:
        digest = (digest ^ byte) * _FNV_PRIME % 2**64
    return digest


if __name__ == "__main__":
    for place in set_aside(Path(sys.argv[1])):
        print(f"queues: {place.name} is no database; the Collector begins a new one", flush=True)
