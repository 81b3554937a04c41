"""Removes clauses of alerts or of protections one at a time; a test must notice each removal."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from tools.mutate import alerts, protections

_FRONT_ENDS: Final = {"alerts": alerts.main, "protections": protections.main}


def main() -> int:
    """Run the front end that the command line names, and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutate", description=__doc__)
    parser.add_argument("subject", choices=_FRONT_ENDS, help="the subject of the mutations")
    given = parser.parse_args(sys.argv[1:2])
    return _FRONT_ENDS[given.subject](sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
