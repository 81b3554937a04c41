"""Assets: finds the folders beside the package, in a clone or in the wheel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from otel_trading.errors import ConfigurationError

_PACKAGE: Final = Path(__file__).parents[1]


def find(name: str) -> Path:
    """Return a folder that comes with the package.

    Args:
        name: The name of the folder, such as `examples`.

    Raises:
        ConfigurationError: The folder is neither in the wheel nor beside the package in a clone.
    """
    for folder in (_PACKAGE / "_assets" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigurationError(
        f"the folder {name!r} is missing from this installation: install from a wheel or a clone"
    )
