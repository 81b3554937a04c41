"""Audit journal: a written line survives a failure of the process, the disk and the directory."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource

from otel_trading import _losses
from otel_trading.errors import ConfigurationError
from otel_trading.pipeline.collect.journal import UID, AuditJournal, JournaledAudit

MIB = 2**20
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks and forks of POSIX")


def lines(directory: Path) -> list[str]:
    return [
        line for file in sorted(directory.glob("audit-*.jsonl")) for line in file.read_text().splitlines()
    ]


@pytest.fixture
def journal(tmp_path: Path):
    journal = AuditJournal(str(tmp_path / "journal"), "off", 8 * MIB)
    yield journal
    journal.close()


@pytest.mark.fault(47)
@pytest.mark.parametrize(("fsync", "synced"), [("always", 2), ("off", 0)])
def test_a_line_is_in_the_file_before_the_write_returns(tmp_path, monkeypatch, fsync, synced) -> None:
    calls: list[int] = []
    monkeypatch.setattr(os, "fsync", calls.append)
    journal = AuditJournal(str(tmp_path), fsync, MIB)
    assert journal.write("one\n")
    assert journal.write("two\n")
    assert lines(tmp_path) == ["one", "two"]
    assert len(calls) == synced
    journal.close()


@pytest.mark.fault(47)
def test_a_line_is_synced_within_an_interval(tmp_path, monkeypatch) -> None:
    from threading import Event

    synced = Event()
    monkeypatch.setattr("otel_trading.pipeline.collect.journal._SYNC_S", 0.001)
    monkeypatch.setattr(os, "fsync", lambda _: synced.set())
    journal = AuditJournal(str(tmp_path), "interval", MIB)
    journal.write("one\n")
    assert synced.wait(30)
    journal.close()


@pytest.mark.fault(11)
def test_a_second_process_in_the_directory_is_refused(tmp_path) -> None:
    journal = AuditJournal(str(tmp_path), "off", MIB)
    with pytest.raises(ConfigurationError, match="which another process uses"):
        AuditJournal(str(tmp_path), "off", MIB)
    journal.close()
    AuditJournal(str(tmp_path), "off", MIB).close()


@pytest.mark.fault(11)
def test_a_directory_that_cannot_be_written_to_is_named(tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        ConfigurationError, match="journal names '.*', which cannot be written to: Not a directory"
    ):
        AuditJournal(str(tmp_path / "file" / "below"), "off", MIB)


@pytest.mark.fault(11, 58)
def test_a_full_disk_loses_only_the_lines_that_do_not_fit_and_the_next_line_is_whole(
    journal, tmp_path, monkeypatch, caplog
) -> None:
    real = os.write
    journal.write("one\n")
    monkeypatch.setattr(os, "write", lambda file, data: real(file, data[:2]))
    assert not journal.write('{"torn": 1}\n')
    monkeypatch.setattr(
        os, "write", lambda *_: (_ for _ in ()).throw(OSError(errno.EROFS, "Read-only file system"))
    )
    assert not journal.write("lost\n")
    monkeypatch.setattr(os, "write", real)
    assert journal.write("two\n")
    assert lines(tmp_path / "journal") == ["one", '{"', "two"]
    assert _losses.snapshot() == {"journal": {"write_failed": 2}}
    assert caplog.messages == ["otel_trading: the journal cannot be written: the disk is full"]


@pytest.mark.fault(47, 58)
def test_a_torn_last_line_of_a_killed_process_damages_no_other_line(tmp_path) -> None:
    (tmp_path / "audit-00000000000000000001-1.jsonl").write_text('whole\n{"torn": ')
    journal = AuditJournal(str(tmp_path), "off", MIB)
    journal.write("new\n")
    assert lines(tmp_path) == ["whole", '{"torn": ', "new"]
    journal.close()


def test_the_journal_is_bounded_and_its_oldest_lines_are_removed(tmp_path) -> None:
    journal = AuditJournal(str(tmp_path), "off", MIB)
    for number in range(3000):
        assert journal.write(f"{number} " + "x" * 1000 + "\n")
    kept = [int(line.split()[0]) for line in lines(tmp_path)]
    assert kept == list(range(kept[0], 3000))
    assert MIB // 2 < sum(file.stat().st_size for file in tmp_path.glob("*.jsonl")) <= MIB
    journal.close()


@pytest.mark.fault(11)
def test_a_clock_that_is_set_back_removes_only_the_oldest_lines(tmp_path, monkeypatch) -> None:
    journal = AuditJournal(str(tmp_path), "off", 8000)
    for number in range(100):
        journal.write(f"{number:099d}\n")
    monkeypatch.setattr("otel_trading.pipeline.collect.journal.time.time_ns", lambda: 10**18)
    journal.close()
    journal = AuditJournal(str(tmp_path), "off", 8000)
    for number in range(100, 140):
        journal.write(f"{number:099d}\n")
    kept = [int(line) for line in lines(tmp_path)]
    assert kept == list(range(kept[0], 140))
    journal.close()


@pytest.mark.fault(11)
def test_lines_are_counted_as_lost_while_the_directory_is_missing(journal, tmp_path) -> None:
    journal.write("one\n")
    shutil.rmtree(tmp_path / "journal")
    assert not journal.write("two\n")
    assert _losses.snapshot() == {"journal": {"write_failed": 1}}
    (tmp_path / "journal").mkdir()
    assert journal.write("three\n")
    assert lines(tmp_path / "journal") == ["three"]


def test_a_file_system_that_counts_no_links_still_has_one_file(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("otel_trading.pipeline.collect.journal.os.fstat", lambda _: Mock(st_nlink=0))
    journal = AuditJournal(str(tmp_path), "off", 8 * MIB)
    assert journal.write("one\n")
    assert journal.write("two\n")
    assert [file.read_text() for file in tmp_path.glob("audit-*.jsonl")] == ["one\ntwo\n"]
    journal.close()


@pytest.mark.fault(48)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_that_removes_its_parents_file_loses_no_later_line_of_the_parent(tmp_path) -> None:
    journal = AuditJournal(str(tmp_path), "off", 8000)
    journal.write("early\n")
    pid = os.fork()
    if pid == 0:
        for number in range(200):
            journal.write(f"{number:099d}\n")
        os._exit(0)
    os.waitpid(pid, 0)
    assert "early" not in lines(tmp_path)
    assert journal.write("late\n")
    assert "late" in lines(tmp_path)
    journal.close()


@pytest.mark.fault(48)
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_files_of_its_own(journal, tmp_path) -> None:
    journal.write("parent\n")
    pid = os.fork()
    if pid == 0:
        journal.write("child\n")
        os._exit(0)
    os.waitpid(pid, 0)
    journal.write("parent again\n")
    by_file = [file.read_text() for file in sorted((tmp_path / "journal").glob("audit-*"))]
    assert by_file == ["parent\nparent again\n", "child\n"]


@pytest.mark.fault(37, 47)
def test_a_line_of_a_signal_handler_during_a_write_that_fails_is_written(
    journal, tmp_path, monkeypatch
) -> None:
    real = os.write

    def interrupted(*_: object) -> int:
        monkeypatch.setattr(os, "write", real)
        assert journal.write("of the handler\n")
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "write", interrupted)
    assert not journal.write("lost\n")
    assert lines(tmp_path / "journal") == ["of the handler"]
    assert _losses.snapshot() == {"journal": {"write_failed": 1}}


@pytest.mark.fault(37, 50)
def test_a_line_of_a_signal_handler_during_the_close_is_written_or_counted(
    journal, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(journal, "_sync", lambda: journal.write("too late\n"))
    with journal._mutex:
        journal.write("in time\n")
    journal.close()
    assert lines(tmp_path / "journal") == ["in time"]
    assert _losses.snapshot() == {"journal": {"already_shutdown": 1}}


@pytest.mark.fault(58)
def test_an_old_file_that_is_gone_or_cannot_be_removed_loses_no_line(tmp_path, monkeypatch) -> None:
    real = Path.stat

    def missing(path: Path, **more: bool) -> os.stat_result:
        if path.name.startswith("audit-0000"):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return real(path, **more)

    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "audit-00000000000000000001-1.jsonl").write_text("old\n")
    (tmp_path / "audit-00000000000000000002-1.jsonl").write_text("x" * MIB)
    monkeypatch.setattr(Path, "stat", missing)
    monkeypatch.setattr(Path, "unlink", denied)
    journal = AuditJournal(str(tmp_path), "off", MIB)
    for _ in range(300):
        assert journal.write("x" * 1000 + "\n")
    assert _losses.snapshot() == {}
    journal.close()


@pytest.mark.fault(44)
def test_the_sync_resumes_after_the_process_ran_out_of_file_descriptors(tmp_path, monkeypatch) -> None:
    from threading import Event

    tried, synced, real = Event(), Event(), os.dup

    def exhausted(_: int) -> int:
        monkeypatch.setattr(os, "dup", real)
        tried.set()
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("otel_trading.pipeline.collect.journal._SYNC_S", 0.001)
    monkeypatch.setattr(os, "dup", exhausted)
    monkeypatch.setattr(os, "fsync", lambda _: synced.set())
    journal = AuditJournal(str(tmp_path), "interval", MIB)
    journal.write("one\n")
    assert tried.wait(30)
    assert synced.wait(30)
    assert _losses.snapshot() == {"journal": {"sync_failed": 1}}
    journal.close()


@pytest.mark.fault(44)
def test_without_a_thread_the_journal_is_still_written_and_the_missing_thread_is_counted(
    tmp_path, monkeypatch
) -> None:
    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("threading.Thread.start", refuse)
    journal = AuditJournal(str(tmp_path), "interval", MIB)
    assert journal.write("one\n")
    assert _losses.snapshot() == {"sdk": {"no_thread": 1}}
    journal.close()


@pytest.mark.fault(44, 58)
def test_a_file_whose_close_fails_is_not_written_to_again(journal, tmp_path, monkeypatch) -> None:
    real = os.close

    def fails(file: int) -> None:
        real(file)
        monkeypatch.setattr(os, "close", real)
        raise OSError(errno.EIO, "Input/output error")

    journal.write("one\n")
    journal._written = MIB  # full
    monkeypatch.setattr(os, "close", fails)
    assert not journal.write("lost\n")
    assert journal.write("two\n")
    assert lines(tmp_path / "journal") == ["one", "two"]


@pytest.mark.fault(11)
def test_a_directory_that_could_not_be_used_once_can_be_used_later(tmp_path, monkeypatch) -> None:
    real = os.open

    def full(path: Path, *rest: int) -> int:
        if path.suffix == ".jsonl":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        with pytest.raises(ConfigurationError, match="cannot be written to: No space left on device"):
            AuditJournal(str(tmp_path), "off", MIB)
    AuditJournal(str(tmp_path), "off", MIB).close()


def test_a_line_after_the_close_is_counted(journal) -> None:
    journal.close()
    journal.close()
    assert not journal.write("late\n")
    assert _losses.snapshot() == {"journal": {"already_shutdown": 1}}


@pytest.mark.fault(58, 72)
def test_an_audit_event_has_the_same_id_in_the_journal_and_in_its_exported_record(journal, tmp_path) -> None:
    exporter = InMemoryLogRecordExporter()
    provider = LoggerProvider(Resource({}), shutdown_on_exit=False)
    provider.add_log_record_processor(JournaledAudit(journal))
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    logger = provider.get_logger("t")
    for name in ("trading.order.filled", "trading.kill_switch.tripped", "trading.risk.limit.breached"):
        logger.emit(LogRecord(event_name=name, attributes={"note": "password=S3CRET"}))
    logger.emit(LogRecord(event_name="trading.heartbeat", body="not audited"))
    exported = [one.log_record for one in exporter.get_finished_logs()]
    journaled = [json.loads(line) for line in lines(tmp_path / "journal")]
    assert [line["event"] for line in journaled] == [one.event_name for one in exported[:3]]
    assert [line["attributes"][UID] for line in journaled] == [one.attributes[UID] for one in exported[:3]]
    assert len({line["attributes"][UID] for line in journaled}) == 3
    assert UID not in (exported[3].attributes or {})
    assert "S3CRET" not in str(journaled)
