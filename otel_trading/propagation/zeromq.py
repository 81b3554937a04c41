"""Context in one last frame of a ZeroMQ message, so that a subscription's topic stays the first.

The frame is `otel1` and a JSON object of the propagator's headers, such as
`otel1{"traceparent":"00-…-…-01"}`, which is easy to read in any language. This module sees bytes only and
imports no ZeroMQ.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from opentelemetry.context import Context

from otel_trading.propagation.http import api, extract, inject
from otel_trading.propagation.w3c import traceparent

MAGIC: Final = b"otel1"
_MAX_BYTES: Final = 8192


def inject_frames(frames: Sequence[bytes], *, context: Context | None = None) -> list[bytes]:
    """Append the trace context to a message.

    Args:
        frames: The message's frames.
        context: The context to send; the current one without it.

    Returns:
        The frames, and one more where there is a trace to carry on.
    """
    try:
        header = traceparent(api().get_global_textmap(), context)
    except Exception:  # noqa: BLE001 - a context or a propagator may be anything, and `inject` is guarded
        header = None
    if header is not None:
        return [*frames, b'%b{"traceparent":"%b"}' % (MAGIC, header.encode())]
    headers: dict[str, str] = inject({}, context=context)
    if not headers:
        return list(frames)
    return [*frames, MAGIC + json.dumps(headers, separators=(",", ":")).encode()]


def extract_frames(frames: Sequence[bytes]) -> tuple[Context, list[bytes]]:
    """Take the trace context off a message.

    Args:
        frames: The frames as they were received.

    Returns:
        The sender's context, and the frames without the one that carried it. A message without such a
        frame, or with one that cannot be read, comes back whole with an empty context.
    """
    headers = _headers(frames[-1]) if frames else None
    if headers is None:
        return Context(), list(frames)
    return extract(headers), list(frames[:-1])


def _headers(frame: bytes) -> dict[str, str] | None:
    if not frame.startswith(MAGIC) or len(frame) > _MAX_BYTES:
        return None
    try:
        found = json.loads(frame[len(MAGIC) :])
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        return None
    return found
