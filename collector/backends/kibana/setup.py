"""Imports the saved objects of a folder into Kibana, over existing ones: `python setup.py FOLDER`."""

from __future__ import annotations

import base64
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

_BOUNDARY = "otel-trading-saved-objects"


def imported(path: Path) -> urllib.request.Request:
    """Return the request that imports a file of saved objects and overwrites existing ones."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{path.name}"\r\n\r\n'
    body = head.encode() + path.read_bytes() + f"\r\n--{_BOUNDARY}--\r\n".encode()
    password = Path(os.environ["ELASTICSEARCH_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    pair = f"{os.environ['ELASTICSEARCH_USER']}:{password}"
    headers = {
        "kbn-xsrf": "true",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
        "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
    }
    url = f"{os.environ['KIBANA_URL']}/api/saved_objects/_import?overwrite=true"
    return urllib.request.Request(url, data=body, headers=headers, method="POST")


def main() -> int:
    """Import each file of the folder, and return the exit code."""
    for path in sorted(Path(sys.argv[1]).glob("*.ndjson")):
        try:
            with urllib.request.urlopen(imported(path), timeout=60):
                print(f"imported {path.name}")
        except (OSError, urllib.error.HTTPError) as error:
            print(f"setup: Kibana refused {path.name}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
