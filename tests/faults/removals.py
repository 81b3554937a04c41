"""Removes the protections of `removals.yml`, one at a time in a copy of the tree: a test has to notice each.

A test that passes all the same holds nothing, and one that cannot be collected says nothing: both are told, and
end with 1. The copy has no compiled modules: what is removed in Python is gone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).parents[2]
PROCESSES = 2
LIMIT_S = 100.0
FAILED, HANGS = 1, -1
"""What pytest exits with where a test failed, and what we say where it did not exit."""

NOT_COPIED = shutil.ignore_patterns(".*", "*.so", "__pycache__", "build", "dist", "site")


class Removal(NamedTuple):
    """A protection, what is put in its place, and the test that has to notice.

    Attributes:
        entries: Of the catalogue.
        file: Where it stands.
        find: Its text, which is there once.
        put: The text in place of it.
        test: As pytest takes it.
        hangs: Whether it notices by not coming to an end.
    """

    entries: list[int]
    file: str
    find: str
    put: str
    test: str
    hangs: bool = False

    def __str__(self) -> str:
        return f"{', '.join(map(str, self.entries))} {self.file}: {' '.join(self.find.split())}"


def removals() -> list[Removal]:
    """Return the table."""
    text = Path(__file__).with_suffix(".yml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)
    return [Removal(**row) for row in rows]


@contextmanager
def _copy() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield shutil.copytree(ROOT, Path(folder) / "tree", ignore=NOT_COPIED)


def _exit_code(tree: Path, tests: list[str], limit: float | None = None) -> tuple[int, str]:
    """Run tests of a tree; return what pytest exits with, and the first of what failed."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    child = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        env={**env, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = child.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # what the test has started as well
        child.communicate()
        return HANGS, f"has not ended after {limit:g} s"
    return child.returncode, next((line for line in said.splitlines() if line.startswith("E  ")), "")


def is_noticed(removal: Removal) -> bool:
    """Return whether the test fails without the protection, and say how.

    Args:
        removal: What to try.
    """
    with _copy() as tree:
        file = tree / removal.file
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(removal.find, removal.put), encoding="utf-8")
        code, why = _exit_code(tree, [removal.test], LIMIT_S)
    noticed = code == (HANGS if removal.hangs else FAILED)
    print(
        f"{'noticed' if noticed else f'UNNOTICED ({code})'} {removal}\n    {removal.test}\n    {why[:200]}",
        flush=True,
    )
    return noticed


def main() -> int:
    """Try the removals for the entries of the command line, and return 1 if one is not noticed."""
    parser = argparse.ArgumentParser(prog="make mutate-faults", description=__doc__)
    parser.add_argument("entries", nargs="*", type=int, metavar="ENTRY", help="these alone (default: all)")
    given = set(parser.parse_args().entries)
    chosen = [one for one in removals() if not given or given & set(one.entries)]
    with _copy() as tree:
        code, why = _exit_code(tree, sorted({one.test for one in chosen}))
    if code:
        raise SystemExit(f"a test fails with nothing removed: {why}")
    with ThreadPoolExecutor(PROCESSES) as pool:
        noticed = list(pool.map(is_noticed, chosen))
    print(f"{len(noticed)} protections removed, {noticed.count(False)} unnoticed")
    return 0 if all(noticed) else 1


if __name__ == "__main__":
    sys.exit(main())
