"""Deploy: writes the deployable folder for `init`, and never overwrites a file that the user changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import click

from otel_trading.errors import ConfigurationError
from otel_trading.ops import assets

MANIFEST: Final = ".otel-trading.json"
"""The file of the digests of the written files, from which a later `init` knows the changed ones."""

_FOLDERS: Final = ("alerts", "collector", "dashboards")
_MADE_HERE: Final = frozenset({"__pycache__", ".stack", "secrets"})
"""Folders that programs create in a clone: data and passwords of this machine, which are never deployed."""


@dataclass(frozen=True)
class _File:
    place: Path
    content: bytes

    @property
    def digest(self) -> str:
        return sha256(self.content).hexdigest()


def run(folder: Path, *, force: bool) -> int:
    """Write the folder, and print the next commands.

    Args:
        folder: The folder; it is created if it does not exist.
        force: Whether to overwrite changed files.

    Returns:
        The exit code, 0.

    Raises:
        ConfigurationError: The user changed a file, or the folder cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigurationError(f"{str(folder)!r} is a file: name a folder")
    files = list(_files())
    changed = [] if force else _changed(folder, files)
    if changed:
        raise ConfigurationError(
            f"{', '.join(changed)} in {str(folder)!r} would be overwritten, but was changed or is yours: "
            "move it away, or give --force"
        )
    try:
        written = _write(folder, files)
    except OSError as error:
        raise ConfigurationError(f"{str(folder)!r} cannot be written to: {error.strerror}") from error
    click.echo(f"wrote {written} of {len(files)} files to {folder}{'' if written else ': all is up to date'}")
    click.echo(f"\n  cd {folder / 'collector'}")
    click.echo("  python -m stack up          # in containers if Docker runs, else native programs")
    click.echo("  otel-trading doctor         # sends one of each signal, and finds it in its backend")
    return 0


def _files() -> Iterator[_File]:
    for folder in _FOLDERS:
        source = assets.find(folder)
        for path in sorted(source.rglob("*")):
            place = folder / path.relative_to(source)
            if path.is_file() and not _MADE_HERE & set(place.parts):
                yield _File(place, path.read_bytes())


def _changed(folder: Path, files: list[_File]) -> list[str]:
    """Return the files whose content is neither the one that was written nor the new one."""
    written = _written(folder)
    changed = []
    for file in files:
        there = folder / file.place
        if there.exists():
            digest = sha256(there.read_bytes()).hexdigest() if there.is_file() else ""
            if digest not in {file.digest, written.get(file.place.as_posix())}:
                changed.append(file.place.as_posix())
    return changed


def _written(folder: Path) -> dict[str, str]:
    try:
        return dict(json.loads((folder / MANIFEST).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def _write(folder: Path, files: list[_File]) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    count = 0
    for file in files:
        place = folder / file.place
        if not place.is_file() or place.read_bytes() != file.content:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.content)
            count += 1
    manifest = {file.place.as_posix(): file.digest for file in files}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return count
