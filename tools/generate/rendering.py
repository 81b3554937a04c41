"""Rendering: fills the templates beside this module."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import jinja2

_ENVIRONMENT: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - the templates make Python and Markdown, not HTML
)
_ENVIRONMENT.filters["code"] = lambda text: f"`{text}`"
_ENVIRONMENT.filters["tojson_text"] = lambda text: json.dumps(text, ensure_ascii=False)


def render(template: str, **names: Any) -> str:
    """Return the text of a template.

    Args:
        template: The name of its file in `templates/`.
        names: The values of its variables; a variable without a value is an error.
    """
    return _ENVIRONMENT.get_template(template).render(**names)
