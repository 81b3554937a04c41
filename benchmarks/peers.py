"""Peers: the packages that the benchmarks compare with, if `make peers` could install them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

FOLDER: Final = Path(sys.prefix) / "peers"
"""The folder of the installed peers; it comes last on the path, so that it replaces no other package."""

COMPARED: Final = ("datadog", "ddtrace", "logfire", "structlog")
