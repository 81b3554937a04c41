"""Generates every file, or checks that every file is up to date: `python -m tools.generate [--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

from otel_trading.errors import ConfigurationError
from registry.checking import check
from tools.generate import dashboards, objectives, settings, vocabulary
from tools.generate.writing import write

ROOT: Final = Path(__file__).parents[2]


def generate(root: Path) -> dict[str, str]:
    """Return the text of every generated file by its path below the root.

    Args:
        root: The folder of the repository, whose registry is sound.

    Raises:
        ConfigurationError: The objectives or their windows are not sound.
    """
    return {
        **vocabulary.generate(root / "registry"),
        **settings.generate(),
        **objectives.generate(root / "alerts" / "slo"),
        **dashboards.generate(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Write the files that are stale, or print how they differ.

    Args:
        arguments: The arguments of the command line; by default those of the process.

    Returns:
        The exit code: 1 if the registry or an objective is wrong, or if `--check` found a stale file.
    """
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; print how stale files differ")
    given = parser.parse_args(arguments)
    problems = check(ROOT / "registry")
    if problems:
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    try:
        files = generate(ROOT)
    except ConfigurationError as error:
        print(error, file=sys.stderr)
        return 1
    return write(ROOT, files, check=given.check)


if __name__ == "__main__":
    sys.exit(main())
