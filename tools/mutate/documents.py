"""Documents: the entries of a YAML file that a mutation can change.

The name of an entry is the path of keys to it, such as `groups.*.rules.TradingWatchdog`. The key of a list
item is its position, its `name` or its `alert`; `*` is the only item that has the rest of the path.
"""

from __future__ import annotations

import io
from typing import Any, Final

import yaml

from tools.mutate.scopes import NotFoundError

_NAMES: Final = ("name", "alert")


def changed(text: str, path: str, change: str, value: Any) -> str:
    """Return a YAML document with one entry changed.

    Args:
        text: The document.
        path: The keys on the path to the entry, joined by dots.
        change: "drop" removes the entry; "value" sets it, and adds a missing entry.
        value: The new value.

    Raises:
        NotFoundError: The path fits no entry or several, or the change has no effect.
    """
    document = yaml.safe_load(text)
    *keys, last = path.split(".")
    places = [document]
    for key in keys:
        places = [child for place in places for child in _children(place, key)]
    places = [place for place in places if _holds(place, last) or (change == "value" and len(places) == 1)]
    if len(places) != 1:
        raise NotFoundError(f"{path!r} leads to {len(places)} entries, must be 1")
    (place,) = places
    key = _position(place, last) if isinstance(place, list) else last
    if change == "drop":
        del place[key]
    else:
        place[key] = value
    if document == yaml.safe_load(text):
        raise NotFoundError(f"{change!r} changes nothing at {path!r}")
    stream = io.StringIO()
    yaml.safe_dump(document, stream, sort_keys=False)
    return stream.getvalue()


def _children(place: Any, key: str) -> list[Any]:
    if key == "*":
        return list(place)
    if not _holds(place, key):
        return []
    return [place[_position(place, key)] if isinstance(place, list) else place[key]]


def _holds(place: Any, key: str) -> bool:
    if isinstance(place, list):
        return _position(place, key) is not None
    return isinstance(place, dict) and key in place


def _position(items: list[Any], key: str) -> Any:
    if key.isdigit():
        return int(key) if int(key) < len(items) else None
    named = (i for i, item in enumerate(items) if isinstance(item, dict) and key in map(item.get, _NAMES))
    return next(named, None)
