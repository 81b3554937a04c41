"""Generators: a span that is current only while the generator's body runs.

A generator runs in the context of its caller (PEP 568, which would change that, was deferred:
https://peps.python.org/pep-0568/). So each yield stores the body's context, which may contain a span
that the body opened, and restores the caller's. The next step restores the body's.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context

Scope = AbstractContextManager[Context]
"""A context manager that surrounds all steps of a generator; its value is the context for the body."""


class Body:
    """The context of a generator's body between its steps."""

    __slots__ = ("_context",)

    def __init__(self, context: Context) -> None:
        self._context = context

    def step(self, advance: Callable[..., Any], *arguments: Any) -> Any:
        """Run one step of a generator inside the body's context."""
        token = otel_context.attach(self._context)
        try:
            return advance(*arguments)
        finally:
            self._context = otel_context.get_current()
            otel_context.detach(token)

    async def step_async(self, advance: Callable[..., Any], *arguments: Any) -> Any:
        """Run one step of an async generator inside the body's context."""
        token = otel_context.attach(self._context)
        try:
            return await advance(*arguments)
        finally:
            self._context = otel_context.get_current()
            otel_context.detach(token)


def wrap(function: Callable[..., Any], open_scope: Callable[[], Scope]) -> Callable[..., Any]:
    """Return a generator function that runs each step of `function`'s generators inside a scope."""

    @functools.wraps(function)
    def wrapper(*arguments: Any, **keywords: Any) -> Generator[Any, Any, Any]:
        with open_scope() as context:
            generator, body = function(*arguments, **keywords), Body(context)
            advance, given = generator.send, None
            try:
                while True:
                    try:
                        item = body.step(advance, given)
                    except StopIteration as stop:
                        return stop.value
                    try:
                        advance, given = generator.send, (yield item)
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - the caller's `throw` may raise anything here
                        advance, given = generator.throw, error
            finally:
                body.step(generator.close)

    return wrapper


def wrap_async(function: Callable[..., Any], open_scope: Callable[[], Scope]) -> Callable[..., Any]:
    """Return an async generator function that runs each step of `function`'s generators inside a scope."""

    @functools.wraps(function)
    async def wrapper(*arguments: Any, **keywords: Any) -> AsyncGenerator[Any, Any]:
        with open_scope() as context:
            generator, body = function(*arguments, **keywords), Body(context)
            advance, given = generator.asend, None
            try:
                while True:
                    try:
                        item = await body.step_async(advance, given)
                    except StopAsyncIteration:
                        return
                    try:
                        advance, given = generator.asend, (yield item)
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - the caller's `athrow` may raise anything here
                        advance, given = generator.athrow, error
            finally:
                await body.step_async(generator.aclose)

    return wrapper
