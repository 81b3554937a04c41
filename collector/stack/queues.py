"""Renames the queue files that the Collector's database cannot open, so that the Collector starts.

The Collector's own `recreate` replaces a file that is damaged inside, but the Collector does not start if a
file has no readable head. Run `python queues.py FOLDER` before the Collector; it needs only Python's standard
library.
"""

from __future__ import annotations

import struct
import sys
import time
from pathlib import Path
from typing import BinaryIO

# In a bbolt file each page begins with a head of 16 bytes. The first two pages are heads of the database
# ("meta"), and at least one of them must be valid: go.etcd.io/bbolt, internal/common/meta.go
_PAGE_HEAD = 16
_MAGIC, _VERSION = 0xED0CDAED, 2
_SUMMED = 56
_PAGE_SIZES = [1024 << power for power in range(15)]
_FNV_OFFSET, _FNV_PRIME = 0xCBF29CE484222325, 0x100000001B3


def set_aside(folder: Path) -> list[Path]:
    """Rename the files that are not databases.

    Args:
        folder: The Collector's `OTELCOL_STORAGE`; the folder may be missing.

    Returns:
        The new paths, `<name>.<time>.backup` as in the Collector's own backups.
    """
    moved = []
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.suffix != ".backup" and not _can_be_opened(path):
            moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
            moved.append(path.rename(path.with_name(f"{path.name}.{moment}.backup")))
    return moved


def _can_be_opened(path: Path) -> bool:
    """Return whether the database can open a file; it turns an empty file into a new database."""
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
    """Return the FNV-1a hash of 64 bits: https://datatracker.ietf.org/doc/html/draft-eastlake-fnv."""
    digest = _FNV_OFFSET
    for byte in data:
        digest = (digest ^ byte) * _FNV_PRIME % 2**64
    return digest


if __name__ == "__main__":
    for place in set_aside(Path(sys.argv[1])):
        print(f"queues: {place.name} is not a database; the Collector starts with a new one", flush=True)
