"""Audit journal: writes each audit event to a file before the call that reports the event returns.

Each event is a line of JSON. The Collector reads the files and keeps a checkpoint of its own. The line has
the same id as the exported record, so that an event that arrives twice is stored once.
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
"""The attribute that identifies a record; the Collector uses it as the id of the document.

https://opentelemetry.io/docs/specs/semconv/general/logs/#general-log-identification-attributes
"""

SUFFIX: Final = ".jsonl"
_SYNC_S: Final = 1.0
_PARTS: Final = 8
"""The number of files of a full journal. To make room, the oldest file is removed."""


class AuditJournal:
    """Appends lines to files of one directory, which no other process uses. A forked child has its own files.

    Each line is one `write` to a file opened for appending. After a SIGKILL every written line is in the
    file; after a power failure every synced line is. A torn line is always the last of its file, since each
    process and each failed write starts a new file.

    Args:
        directory: The directory of the files; it is created if it is missing.
        fsync: When a line is synced to the disk: "always" before the call returns, "interval" within a
            second, "off" when the operating system decides.
        size: About how many bytes all files may have together. The oldest files are removed.

    Raises:
        ConfigurationError: The directory cannot be written to, or another process uses it.
    """

    def __init__(self, directory: str, fsync: str, size: int) -> None:
        self._directory = Path(directory)
        self._fsync = fsync
        self._size = size
        self._file: int | None = None
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lock_file = _open_locked(self._directory / "lock")
            self._start()
            self._open_first()
        except BlockingIOError:
            raise ConfigurationError(
                f"journal names {directory!r}, which another process uses: set another directory for each "
                "process."
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"journal names {directory!r}, which cannot be written to: {error.strerror}."
            ) from None
        at_fork(in_child=self._start)  # the parent continues to write to the open file

    def _open_first(self) -> None:
        try:
            self._open()
        except OSError:
            self._closed.set()
            os.close(self._lock_file)
            raise

    def _start(self) -> None:
        with suppress(OSError):
            self._close_file()
        # Reentrant, to see whether a signal handler interrupted its own thread: then it defers its line.
        self._mutex = locks.reentrant_lock()
        self._deferred: deque[str] = deque()
        self._written = 0
        self._unsynced = False
        self._closed = Event()
        if self._fsync == "interval":
            threads.start(
                self._sync_at_intervals, "otel-trading-journal", "the journal is synced only at its close"
            )

    def write(self, line: str) -> bool:
        """Append a line; never raise.

        If a signal handler calls this and has interrupted another `write`, the line is deferred: it is in the
        file when the interrupted `write` returns.

        Args:
            line: One line, with its line break.

        Returns:
            Whether the line is in the file or deferred. A line that could not be written is counted as lost,
            and the next `write` opens a new file.
        """
        if locks.is_owned(self._mutex):
            self._deferred.append(line)
            return True
        with self._mutex:
            failure = self._write_now(line)
        for reason in (failure, *self._write_deferred()):
            if reason:  # without the lock, since a logging handler may be slow
                warn("journal", "otel_trading: the journal cannot be written: %s", reason)
        return failure is None

    def _write_deferred(self) -> list[str | None]:
        """Write the lines of signal handlers that interrupted this thread."""
        failures = []
        while self._deferred:
            with self._mutex:
                if self._deferred:
                    failures.append(self._write_now(self._deferred.popleft()))
        return failures

    def _write_now(self, line: str) -> str | None:
        """Append a line. If that fails, count the line and return the reason; "" after the close."""
        if self._closed.is_set():
            _losses.add("journal", "already_shutdown")
            return ""
        try:
            self._append(line.encode())
        except OSError as error:
            _losses.add("journal", "write_failed")
            return str(error.strerror)
        return None

    def close(self) -> None:
        """Write and sync the remaining lines, and release the directory for other processes."""
        with self._mutex:
            if self._closed.is_set():
                return
            self._write_deferred()
            with suppress(OSError):
                self._sync()
            with suppress(OSError):
                self._close_file()
            self._closed.set()
            os.close(self._lock_file)
        self._write_deferred()  # counts the lines of signal handlers that interrupted the close

    def _append(self, data: bytes) -> None:
        full = self._written + len(data) > self._size // _PARTS
        try:
            file = self._open() if self._file is None or full or self._is_removed(self._file) else self._file
            _write(file, data)
            self._written += len(data)
            self._unsynced = True
            if self._fsync == "always":
                self._sync()
        except OSError:
            # The next line goes to a new file: this one may end in a torn line, and a second fsync could
            # succeed although the kernel dropped the data (https://wiki.postgresql.org/wiki/Fsync_Errors).
            self._close_file()
            raise

    def _open(self) -> int:
        """Start a new file, and remove the oldest files if all files together are too large.

        The new file has the greatest number in its name, even if the clock was set back.
        """
        self._sync()
        self._close_file()
        files = sorted(self._directory.glob(f"audit-*{SUFFIX}"))
        started = max(time.time_ns(), 1 + max(map(_started, files), default=0))
        name = f"audit-{started:020d}-{os.getpid()}{SUFFIX}"
        # O_APPEND: each write goes to the end of the file in one atomic step.
        # https://man7.org/linux/man-pages/man2/open.2.html
        self._file = os.open(
            self._directory / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        self._written = 0
        self._counts_links = os.fstat(self._file).st_nlink > 0
        self._prune(files)
        return self._file

    def _is_removed(self, file: int) -> bool:
        """Return whether an open file was removed, by a user or by a forked child that needed room."""
        return self._counts_links and os.fstat(file).st_nlink == 0  # some file systems always return 0

    def _prune(self, files: list[Path]) -> None:
        sizes = {file: _size_of(file) for file in files}
        room = self._size - self._size // _PARTS  # the rest is for the new file
        for file in files:
            if sum(sizes.values()) <= room:
                return
            # The file may be gone or belong to another user; the new line must be written all the same.
            with suppress(OSError):
                file.unlink()
                if sizes.pop(file):
                    _losses.add("journal", "pruned_files")

    def _sync(self) -> None:
        if self._unsynced and self._file is not None and self._fsync != "off":
            self._unsynced = False
            # Syncs the data of the file: https://man7.org/linux/man-pages/man2/fsync.2.html
            os.fsync(self._file)

    def _sync_at_intervals(self) -> None:
        while not self._closed.wait(_SYNC_S):
            self._sync_or_warn()

    def _sync_or_warn(self) -> None:
        try:
            self._sync_copy()
        except OSError as error:
            _losses.add("journal", "sync_failed")
            warn("journal", "otel_trading: the journal cannot be synced: %s", error.strerror)

    def _sync_copy(self) -> None:
        """Sync without the lock, so that no `write` waits for the disk.

        The descriptor is duplicated, since another thread may close the file during the sync, and its number
        may then belong to another file.
        """
        with self._mutex:
            if not self._unsynced or self._file is None:
                return
            file = os.dup(self._file)
            self._unsynced = False
        try:
            os.fsync(file)
        finally:
            os.close(file)

    def _close_file(self) -> None:
        # Forget the number first: even a failed close releases it, and another file may soon get it.
        # https://man7.org/linux/man-pages/man2/close.2.html
        file, self._file = self._file, None
        if file is not None:
            os.close(file)


class JournaledAudit(LogRecordProcessor):
    """Adds an id to each audit event and writes it to the journal. Later processors export the event.

    Args:
        journal: The journal to write to; if None, events only get their ids.
    """

    def __init__(self, journal: AuditJournal | None) -> None:
        self._journal = journal

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Add an id to the record and journal it, if it is an audit event."""
        record = log_record.log_record
        if record.event_name is None or not is_audit(record.event_name):
            return
        record.attributes = {**(record.attributes or {}), UID: uuid4().hex}
        if self._journal is not None:
            try:
                line = logs.format_line(clean_record(log_record))
            except Exception as error:  # noqa: BLE001 - an attribute may have any type and fail in any way
                _losses.add("journal", "unexportable")
                warn(
                    "journal",
                    "otel_trading: an event could not be written to the journal: %s",
                    type(error).__name__,
                )
                return
            self._journal.write(line)

    def shutdown(self) -> None:
        """Close the journal."""
        if self._journal is not None:
            self._journal.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Do nothing: each line is written when its event is emitted."""
        return True


def _write(file: int, data: bytes) -> None:
    if os.write(file, data) != len(data):
        raise OSError(errno.ENOSPC, "the disk is full")


def _started(file: Path) -> int:
    """Return the start of a file in nanoseconds, from its name; 0 if the name is not of a journal file."""
    time_ns = file.name.split("-")[1]
    return int(time_ns) if time_ns.isdecimal() else 0


def _size_of(file: Path) -> int:
    """Return the size of a file in bytes; 0 if it was removed."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _open_locked(path: Path) -> int:
    """Open a file and lock it until this process ends. Windows has no such lock, and checks nothing."""
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(file)
    except OSError:
        os.close(file)
        raise
    return file


def _lock(file: int) -> None:
    try:
        import fcntl  # noqa: PLC0415 - Windows does not have it
    except ImportError:
        return
    # The lock belongs to the open file and not to the process, so that forked children share it:
    # https://man7.org/linux/man-pages/man2/flock.2.html
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
