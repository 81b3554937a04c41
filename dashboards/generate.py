"""Generate the dashboards, and their page: `python -m dashboards.generate`; `--check` only says what is stale."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from dashboards import kibana, page
from dashboards.boards import DASHBOARDS
from dashboards.grafana_json import written
from registry.writing import write

ROOT: Final = Path(__file__).parents[1]


def generate() -> dict[str, str]:
    """Return the text of every generated file by its path below the root."""
    files = {f"dashboards/grafana/{each.uid}.json": written(each) for each in DASHBOARDS}
    files["dashboards/kibana/trading-logs.ndjson"] = kibana.written()
    files["docs/reference/dashboards.md"] = page.written(DASHBOARDS)
    return files


def main(arguments: list[str]) -> int:
    """Write the files, or with `--check` print how they differ; the exit code says whether all is well."""
    return write(ROOT, generate(), check="--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
