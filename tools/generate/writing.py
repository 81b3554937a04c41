"""Writing: brings generated files up to date, or says which are stale."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path


def write(root: Path, files: Mapping[str, str], *, check: bool) -> int:
    """Write each file that is not as it should be.

    Args:
        root: What the paths are relative to.
        files: What should stand in each, by its path.
        check: Write nothing; print how what is there differs.

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
