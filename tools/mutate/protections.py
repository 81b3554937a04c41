"""Protections: removes one protection of the fault catalogue at a time in a copy of the repository."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml

from tools.mutate import changes, documents
from tools.mutate.clauses import find, listing
from tools.mutate.engine import Ended, Mutant, Verdict, exit_code, judge, judge_all
from tools.mutate.scopes import NotFoundError, scope

ROOT: Final = Path(__file__).parents[2]
TABLE: Final = Path("tests/faults/protections.yml")
_TEST_FAILED: Final = 1
"""The exit code of pytest if a test failed; errors of the collection have other codes."""

_NOT_COPIED: Final = shutil.ignore_patterns(".*", "*.so", "__pycache__", "build", "dist", "site")


class Protection(NamedTuple):
    """A protection, the change that removes it, and the test that must notice the removal.

    Attributes:
        entries: The entries of the catalogue that the protection belongs to.
        clause: The name of the clause to change: see `clauses`, or `documents` for a YAML file.
        test: The id of the test in pytest.
        function: The function that contains the clause: see `scopes.scope`; empty for a YAML file.
        document: The YAML file that contains the clause; empty for a function.
        change: One of `changes.CHANGES`.
        value: The new value of the change "value".
        hangs: Whether the test hangs, and does not fail, without the protection.
    """

    entries: list[int]
    clause: str
    test: str
    function: str = ""
    document: str = ""
    change: str = "value"
    value: Any = ""
    hangs: bool = False

    def __str__(self) -> str:
        """Return the protection on one line."""
        value = f" = {' '.join(str(self.value).split())}" if self.change == "value" else ""
        entries = ", ".join(map(str, self.entries))
        return f"{entries} {self.function or self.document} {self.clause}: {self.change}{value}"


def table(root: Path = ROOT) -> list[Protection]:
    """Return the protections of the table."""
    rows: list[dict[str, Any]] = yaml.safe_load((root / TABLE).read_text(encoding="utf-8"))
    return [Protection(**row) for row in rows]


def removed(root: Path, protection: Protection) -> tuple[Path, str]:
    """Return the file of a protection, relative to the root, and its text without the protection.

    Raises:
        NotFoundError: The function or the clause does not exist, or is ambiguous.
        ChangeError: The change does not fit the clause.
    """
    if protection.document:
        text = (root / protection.document).read_text(encoding="utf-8")
        change, value = protection.change, protection.value
        return Path(protection.document), documents.changed(text, protection.clause, change, value)
    source, function = scope(root, protection.function)
    clause = find(function, protection.clause)
    return source.path, changes.changed(source, clause, protection.change, str(protection.value))


def _make(protection: Protection | None, folder: Path) -> Path:
    """Copy the repository without compiled modules, so that the changed Python runs; remove a protection."""
    tree = Path(shutil.copytree(ROOT, folder / "tree", ignore=_NOT_COPIED))
    if protection is not None:
        path, text = removed(tree, protection)
        (tree / path).write_text(text, encoding="utf-8")
    return tree


def _environ(tree: Path) -> Mapping[str, str]:
    # An editable install points at the original repository; PYTHONPATH puts the copy before it.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return {**kept, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}


def _pytest(*tests: str) -> list[str]:
    return [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *tests]


def _notices(expected: int | None, ended: Ended) -> bool:
    return ended.code == expected


def _mutant(protection: Protection) -> Mutant:
    return Mutant(
        name=str(protection),
        make=partial(_make, protection),
        commands=[_pytest(protection.test)],
        notices=partial(_notices, None if protection.hangs else _TEST_FAILED),
        environ=_environ,
    )


def _first_error(ended: Ended) -> str:
    lines = (line for line in ended.output.splitlines() if line.startswith("E  "))
    return next(lines, "")[:200]


def _report(verdict: Verdict) -> None:
    (command,) = verdict.mutant.commands
    word = "noticed" if verdict.is_noticed else f"UNNOTICED ({verdict.ended.code})"
    print(f"{word} {verdict.mutant.name}\n    {command[-1]}\n    {_first_error(verdict.ended)}", flush=True)


def _check_tests(chosen: Sequence[Protection]) -> None:
    tests = sorted({protection.test for protection in chosen})
    baseline = judge(
        Mutant("nothing removed", partial(_make, None), [_pytest(*tests)], environ=_environ, limit=None)
    )
    if baseline.is_noticed:
        raise SystemExit(f"a test fails with nothing removed: {_first_error(baseline.ended)}")


def main(arguments: Sequence[str]) -> int:
    """Remove the protections of the chosen entries.

    Args:
        arguments: The arguments of the command line.

    Returns:
        The exit code: 1 if no test noticed a removal.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.mutate protections", description=__doc__)
    parser.add_argument(
        "entries", nargs="*", type=int, metavar="ENTRY", help="entries of the catalogue (default: all)"
    )
    parser.add_argument(
        "--clauses", metavar="MODULE:FUNCTION", help="print the clauses of a function, and run nothing"
    )
    given = parser.parse_args(arguments)
    if given.clauses:
        try:
            print(listing(scope(ROOT, given.clauses)[1]))
        except NotFoundError as error:
            parser.error(str(error))
        return 0
    chosen = [one for one in table() if not given.entries or set(given.entries) & set(one.entries)]
    if not chosen:
        parser.error("no protection belongs to these entries")
    _check_tests(chosen)
    verdicts = judge_all([_mutant(protection) for protection in chosen], _report)
    unnoticed = sum(not verdict.is_noticed for verdict in verdicts)
    print(f"{len(verdicts)} protections removed, {unnoticed} unnoticed")
    return exit_code(verdicts)
