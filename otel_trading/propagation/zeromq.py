"""Trace context in the last frame of a ZeroMQ message; the first frame stays the topic of a subscription.

The frame holds `otel1` and a JSON object of the propagator's headers, for example
`otel1{"traceparent":"00-…-…-01"}`, so any language can read it. This module handles bytes only and does not
import ZeroMQ.
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
        context: The context to send; the current one by default.

    Returns:
        The frames, and one more if the context holds a trace.
    """
    try:
        header = traceparent(api().get_global_textmap(), context)
    except Exception:  # noqa: BLE001 - user code may pass any object; `inject` below is guarded
        header = None
    if header is not None:
        return [*frames, b'%b{"traceparent":"%b"}' % (MAGIC, header.encode())]
    headers: dict[str, str] = inject({}, context=context)
    if not headers:
        return list(frames)
    return [*frames, MAGIC + json.dumps(headers, separators=(",", ":")).encode()]


def extract_frames(frames: Sequence[bytes]) -> tuple[Context, list[bytes]]:
    """Remove the trace context from a message.

    Args:
        frames: The received frames.

    Returns:
        The sender's context, and the other frames. If the last frame is not a valid context, an empty context
        and all frames.
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
