"""YAML documents that know their file, so that an error can name the file and the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml

from otel_trading.errors import ConfigurationError, nearest

T = TypeVar("T")
_WORDS = {str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list"}


class Document:
    """One document of a YAML file.

    Args:
        place: The name of the document in errors, such as `slo/market-data.yaml, websocket-uptime`.
        content: The parsed YAML.
    """

    def __init__(self, place: str, content: Any) -> None:
        self.place, self.content = place, content

    def get(self, path: str, kind: type[T]) -> T:
        """Return a value of the document.

        Args:
            path: Keys and indices joined by dots, such as `spec.objectives.0.target`.
            kind: The type that the value must have; a whole number is accepted as a float.

        Raises:
            ConfigurationError: The key is missing, or its value has another type.
        """
        value, walked = self.content, ""
        for key in path.split("."):
            value, walked = self._step(value, key, walked), f"{walked}.{key}".lstrip(".")
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(path, f"is {value!r}, must be {_WORDS.get(kind, kind.__name__)}")
        return value

    def choose(self, path: str, allowed: tuple[str, ...]) -> str:
        """Return a text that must be one of the allowed ones.

        Raises:
            ConfigurationError: The key is missing, or its value is not allowed.
        """
        given = self.get(path, str)
        if given not in allowed:
            raise self.error(path, f"is {given!r}, allowed: {', '.join(allowed)}.{nearest(given, allowed)}")
        return given

    def error(self, path: str, sentence: str) -> ConfigurationError:
        """Return an error that names the document and the key, followed by `sentence`."""
        return ConfigurationError(f"{self.place}: {path} {sentence}")

    def _step(self, value: Any, key: str, walked: str) -> Any:
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            return value[int(key)]
        if isinstance(value, dict) and key in value:
            return value[key]
        near = nearest(key, [str(name) for name in value]) if isinstance(value, dict) else ""
        raise self.error(f"{walked}.{key}".lstrip("."), f"is missing.{near}")


def read(path: Path) -> list[Document]:
    """Read the documents of a file.

    Raises:
        ConfigurationError: The file is missing, or is not YAML.
    """
    place = f"{path.parent.name}/{path.name}"
    try:
        contents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{place} cannot be read: {error}") from None
    return [Document(f"{place}{_name(content)}", content) for content in contents]


def _name(content: Any) -> str:
    match content:
        case {"metadata": {"name": str(name)}}:
            return f", {name}"
    return ""
