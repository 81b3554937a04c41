"""The journal: audit events are on this machine's disk before the call that told them returns.

Each is a line of JSON in a file of the directory, which the Collector ships with a checkpoint of its own. The
line carries the id that the exported record has too, so that whatever arrives twice is stored once.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Final
from uuid import uuid4

from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord

from otel_trading import _losses, logs
from otel_trading._forking import at_fork
from otel_trading._guard import warn
from otel_trading._sdk import locks
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.clean.items import clean_record
from otel_trading.pipeline.collect.audit_events import is_audit
from otel_trading.pipeline.deliver import threads

UID: Final = "log.record.uid"
"""What identifies a record, by OpenTelemetry's convention; the Collector makes it the document's id."""

SUFFIX: Final = ".jsonl"
FSYNC: Final = ("always", "interval", "off")
_SYNC_S: Final = 1.0
_PARTS: Final = 8
"""Files that a journal is divided into: when it is full, the oldest eighth goes."""


class AuditJournal:
    """Appends lines to files of one directory, of which this process alone writes.

    A forked child writes files of its own. A line is one write to a file opened for appending: after a
    SIGKILL all of it is there, after a loss of power what was synced. A torn line stays the last of its
    file, since every process, and every failed write, begins a new one.

    Args:
        directory: Where the files are; it is made where it is missing.
        fsync: When a line is forced to the disk: "always" before the call returns, "interval" within a
            second, or "off", when the operating system likes.
        size: About how many bytes all files have at most; the oldest go.

    Raises:
        ConfigurationError: The directory cannot be written to, or another process has it.
    """

    def __init__(self, directory: str, fsync: str, size: int) -> None:
        self._directory = Path(directory)
        self._fsync = fsync
        self._size = size
        self._file: int | None = None
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lock_file = _locked(self._directory / "lock")
            self._begin()
            self._open_first()
        except BlockingIOError:
            raise ConfigurationError(
                f"journal names {directory!r}, which another process writes to: give each process a "
                "directory of its own."
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"journal names {directory!r}, which cannot be written to: {error.strerror}."
            ) from None
        at_fork(in_child=self._begin)  # the file of a forked child's parent is the parent's

    def _open_first(self) -> None:
        try:
            self._open()
        except OSError:
            self._ends.set()
            os.close(self._lock_file)
            raise

    def _begin(self) -> None:
        with suppress(OSError):
            self._abandon()
        self._mutex = locks.reentrant_lock()
        self._aside: deque[str] = deque()
        self._written = 0
        self._dirty = False
        self._ends = Event()
        if self._fsync == "interval":
            threads.start(
                self._sync_now_and_then, "otel-trading-journal", "the journal is synced at its end only"
            )

    def write(self, line: str) -> bool:
        """Append a line; never raises.

        Args:
            line: Ends with its line break.

        Returns:
            Whether it is in the file; where it is not, that was counted, and the next write tries a new file.
            A line of a signal's handler that interrupted a write is there when that write returns.
        """
        if locks.is_owned(self._mutex):
            self._aside.append(line)
            return True
        with self._mutex:
            failure = self._write_now(line)
        for why in (failure, *self._write_aside()):
            if why:  # said without the lock, since a handler of logging may be slow
                warn("journal", "otel_trading: the journal cannot be written: %s", why)
        return failure is None

    def _write_aside(self) -> list[str | None]:
        """Write what a signal's handler told while this thread was at work here."""
        failures = []
        while self._aside:
            with self._mutex:
                if self._aside:
                    failures.append(self._write_now(self._aside.popleft()))
        return failures

    def _write_now(self, line: str) -> str | None:
        """Append a line, and count it where that fails; returns why it did, "" where it had to."""
        if self._ends.is_set():
            _losses.add("journal", "already_shutdown")
            return ""
        try:
            self._append(line.encode())
        except OSError as error:
            _losses.add("journal", "write_failed")
            return str(error.strerror)
        return None

    def close(self) -> None:
        """Force to the disk what is not there yet, and let others have the directory."""
        with self._mutex:
            if self._ends.is_set():
                return
            self._write_aside()
            with suppress(OSError):
                self._sync()
            with suppress(OSError):
                self._abandon()
            self._ends.set()
            os.close(self._lock_file)
        self._write_aside()

    def _append(self, data: bytes) -> None:
        full = self._written + len(data) > self._size // _PARTS
        try:
            file = self._open() if self._file is None or full or self._is_gone(self._file) else self._file
            _write(file, data)
            self._written += len(data)
            self._dirty = True
            if self._fsync == "always":
                self._sync()
        except OSError:
            self._abandon()
            raise

    def _open(self) -> int:
        """Begin a new file, and let the oldest go where all together are too large.

        By its name it is the newest, whatever the clock says.
        """
        self._sync()
        self._abandon()
        files = sorted(self._directory.glob(f"audit-*{SUFFIX}"))
        begun = max(time.time_ns(), 1 + max(map(_begun, files), default=0))
        name = f"audit-{begun:020d}-{os.getpid()}{SUFFIX}"
        self._file = os.open(
            self._directory / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        self._written = 0
        self._counts_links = os.fstat(self._file).st_nlink > 0
        self._prune(files)
        return self._file

    def _is_gone(self, file: int) -> bool:
        """Return whether an open file was removed, by somebody or by a process that had to make room."""
        return self._counts_links and os.fstat(file).st_nlink == 0  # some file systems always say 0

    def _prune(self, files: list[Path]) -> None:
        sizes = {file: _size_of(file) for file in files}
        room = self._size - self._size // _PARTS  # the rest is for the file that has just begun
        for file in files:
            if sum(sizes.values()) <= room:
                return
            with suppress(OSError):  # of others it may be, or gone; no line is given up for it
                file.unlink()
                if sizes.pop(file):
                    _losses.add("journal", "pruned_files")

    def _sync(self) -> None:
        if self._dirty and self._file is not None and self._fsync != "off":
            self._dirty = False
            os.fsync(self._file)

    def _sync_now_and_then(self) -> None:
        while not self._ends.wait(_SYNC_S):
            self._sync_aside()

    def _sync_aside(self) -> None:
        try:
            self._sync_copy()
        except OSError as error:
            _losses.add("journal", "sync_failed")
            warn("journal", "otel_trading: the journal cannot be synced: %s", error.strerror)

    def _sync_copy(self) -> None:
        """Sync without the lock, so that nobody who writes waits for the disk."""
        with self._mutex:
            if not self._dirty or self._file is None:
                return
            file = os.dup(self._file)
            self._dirty = False
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def _abandon(self) -> None:
        file, self._file = self._file, None  # its number is another file's soon, closed well or not
        if file is not None:
            os.close(file)


class JournaledAudit(LogRecordProcessor):
    """Gives each audit event its id, and writes it to the journal; the processors after it export it.

    Args:
        journal: Where the lines go; without one, events get their ids alone.
    """

    def __init__(self, journal: AuditJournal | None) -> None:
        self._journal = journal

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Write the record, if it is an audit event."""
        record = log_record.log_record
        if record.event_name is None or not is_audit(record.event_name):
            return
        record.attributes = {**(record.attributes or {}), UID: uuid4().hex}
        if self._journal is not None:
            try:
                line = logs.format_line(clean_record(log_record))
            except Exception as error:  # noqa: BLE001 - an attribute may hold anything
                _losses.add("journal", "unexportable")
                warn(
                    "journal",
                    "otel_trading: an event was not written to the journal: %s",
                    type(error).__name__,
                )
                return
            self._journal.write(line)

    def shutdown(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: a line is written when its event is told."""
        return True


def _write(file: int, data: bytes) -> None:
    if os.write(file, data) != len(data):
        raise OSError(errno.ENOSPC, "the disk is full")


def _begun(file: Path) -> int:
    """Return when a file was begun, as its name says; 0 for one that is not of a journal."""
    time_ns = file.name.split("-")[1]
    return int(time_ns) if time_ns.isdecimal() else 0


def _size_of(file: Path) -> int:
    """Return the size of a file, 0 where somebody removed it."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _locked(path: Path) -> int:
    """Open a file and lock it until this process ends; a system without such locks has no check."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(file)
    except OSError:
        os.close(file)
        raise
    return file


def _lock(file: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
