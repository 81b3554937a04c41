"""A queue file is renamed if its database cannot open it, and stays otherwise."""

from __future__ import annotations

import struct
import subprocess
import sys

import pytest

from collector.stack import queues

PAGE = 4096


def head(page_id: int, *, magic: int = 0xED0CDAED) -> bytes:
    """Return a head page as bbolt writes it (go.etcd.io/bbolt, internal/common/page.go and meta.go)."""
    page = struct.pack("<QHHI", page_id, 4, 0, 0)
    meta = struct.pack("<IIIIQQQQQ", magic, 2, PAGE, 0, 3, 0, 2, 4, page_id)
    digest = 0xCBF29CE484222325
    for byte in meta:
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return (page + meta + struct.pack("<Q", digest)).ljust(PAGE, b"\0")


GOOD = head(0) + head(1) + bytes(2 * PAGE)
CASES = {
    "whole": (GOOD, True),
    "empty": (b"", True),
    "its first head torn": (b"\xff" * PAGE + GOOD[PAGE:], True),
    "its second head torn": (GOOD[:PAGE] + b"\xff" * PAGE + GOOD[2 * PAGE :], True),
    "both heads torn": (b"\xff" * 2 * PAGE + GOOD[2 * PAGE :], False),
    "another kind of file": (b"this is no database" * 1000, False),
    "a few bytes": (b"\0" * 17, False),
    "a bit flipped in both heads": (
        GOOD.replace(struct.pack("<I", PAGE), struct.pack("<I", PAGE + 1)),
        False,
    ),
    "another magic number": (head(0, magic=1) + head(1, magic=1), False),
}


@pytest.mark.parametrize("case", CASES)
def test_a_file_that_can_be_opened_stays_and_any_other_file_is_renamed(tmp_path, case):
    content, stays = CASES[case]
    path = tmp_path / "exporter_elasticsearch__logs"
    path.write_bytes(content)
    moved = queues.set_aside(tmp_path)
    assert path.exists() is stays
    assert [place.read_bytes() for place in moved] == ([] if stays else [content])
    assert queues.set_aside(tmp_path) == []


def test_a_missing_folder_is_not_an_error(tmp_path):
    assert queues.set_aside(tmp_path / "none") == []


def test_the_program_prints_each_renamed_file(tmp_path):
    (tmp_path / "exporter_x").write_bytes(b"x")
    command = [sys.executable, queues.__file__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("queues: exporter_x.")
    assert done.stdout.endswith(".backup is not a database; the Collector starts with a new one\n")
