"""Waits until an address answers: `python ready.py URL`; exit code 1 after two minutes."""

from __future__ import annotations

import sys
import time
import urllib.request

_TIMEOUT = 120.0


def main() -> int:
    """Ask twice a second, and return the exit code."""
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(sys.argv[1], timeout=2):
                return 0
        except OSError:
            time.sleep(0.5)
    print(f"ready: {sys.argv[1]} did not answer within {_TIMEOUT:.0f} s", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
