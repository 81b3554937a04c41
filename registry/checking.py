"""Checking: finds every problem of a registry, in the order of its files."""

from __future__ import annotations

from pathlib import Path

from registry import rules, structure
from registry.loading import Problem, load


def check(folder: Path) -> list[Problem]:
    """Return every problem of the registry in a folder.

    Args:
        folder: The folder with the YAML files. Rules are checked only if each file has a valid structure.
    """
    files, problems = load(folder)
    problems += [problem for file in files for problem in structure.check(file)]
    return problems or list(rules.check(files))
