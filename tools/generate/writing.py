"""Writing: updates generated files, or reports the stale ones."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path


def write(root: Path, files: Mapping[str, str], *, check: bool) -> int:
    """Write each file whose text differs.

    Args:
        root: The folder that the paths are relative to.
        files: The text of each file by its path.
        check: Whether to write nothing, and print the differences.

    Returns:
        The exit code: 1 if a file is stale and was not written.
    """
    stale = []
    for path, text in files.items():
        target = root / path
        current = target.read_text(encoding="utf-8") if target.exists() else ""
        if current == text:
            continue
        stale.append(path)
        if check:
            lines = difflib.unified_diff(
                current.splitlines(), text.splitlines(), path, "generated", lineterm=""
            )
            print(*lines, sep="\n")
        else:
            target.write_text(text, encoding="utf-8")
    if stale:
        print(f"{'stale, run make generate' if check else 'written'}: {', '.join(stale)}")
    return int(bool(stale) and check)
