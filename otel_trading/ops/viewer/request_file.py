"""The request file: keeps the last requests on disk, so that the page has its data after a restart."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Final

from typing_extensions import Self

from otel_trading.errors import ConfigurationError

MAX_BYTES: Final = 64 * 1024 * 1024

_FORMAT: Final = 0x6F740001
"""The value of SQLite's `user_version` that marks a file of this format."""

_SCHEMA: Final = f"""
    CREATE TABLE request (id INTEGER PRIMARY KEY, signal TEXT NOT NULL, body BLOB NOT NULL);
    PRAGMA user_version = {_FORMAT};
"""
_EMPTY: Final = 0


class RequestFile:
    """OTLP requests in the order of their arrival; the oldest are deleted beyond the bound.

    Args:
        path: The file, which is created if it is missing.
        max_bytes: The bound for the bodies of all requests together, in bytes.

    Raises:
        ConfigurationError: The file cannot be opened, is in use, or is not a request file.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._lock = Lock()
        self._max_bytes = max_bytes
        self._db = _opened(path)
        (self._bytes,) = self._db.execute("SELECT coalesce(sum(length(body)), 0) FROM request").fetchone()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._db.close()

    def add(self, signal: str, body: bytes) -> None:
        """Append a request in protobuf, and delete the oldest ones beyond the bound."""
        with self._lock:
            self._db.execute("INSERT INTO request (signal, body) VALUES (?, ?)", (signal, body))
            self._bytes += len(body)
            while self._bytes > self._max_bytes:
                oldest = "SELECT id, length(body) FROM request ORDER BY id LIMIT 1"
                number, size = self._db.execute(oldest).fetchone()
                self._db.execute("DELETE FROM request WHERE id = ?", (number,))
                self._bytes -= size

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        """Yield the path of the signal and the body of each request, oldest first."""
        with self._lock:
            yield from self._db.execute("SELECT signal, body FROM request ORDER BY id")


def _opened(path: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
        # EXCLUSIVE admits one viewer per file. Without synchronous writes a crash of the machine may lose the
        # last requests, a crash of the process does not:
        # https://www.sqlite.org/pragma.html#pragma_synchronous
        db.executescript(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
        )
        (version,) = db.execute("PRAGMA user_version").fetchone()
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if version == _EMPTY and not tables:
            db.executescript(_SCHEMA)
            version = _FORMAT
        # Takes the exclusive lock now, so that a second viewer fails at its start and not at its first
        # request.
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
    except sqlite3.Error as error:
        raise ConfigurationError(
            f"the file {str(path)!r} cannot be used ({error}): name a file in an existing folder "
            "that no other viewer has open"
        ) from error
    if version != _FORMAT:
        raise ConfigurationError(f"the file {str(path)!r} is not a file of the viewer: name a new file")
    return db
