"""Refusal: a request that the venue answers with an error, in the broker's shape {code, message}."""


class Refusal(Exception):  # noqa: N818  (the noun of this module; it is an answer, not a failure)
    """An error answer.

    Args:
        status: HTTP status.
        code: The broker's eight-digit code; its first three digits are mostly the HTTP status.
        message: One sentence for the client.
        details: Further keys of the answer.
    """

    def __init__(self, status: int, code: int, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, str | int] = {"code": code, "message": message, **details}


def unauthorized() -> Refusal:
    """The key or the secret is not the one the venue was started with."""
    return Refusal(401, 40110000, "request is not authorized")


def invalid(message: str) -> Refusal:
    """The request is understood and cannot be followed."""
    return Refusal(422, 42210000, message)


def unknown(what: str) -> Refusal:
    """The request names something that is not there."""
    return Refusal(404, 40410000, what)


def forbidden(message: str, **details: str) -> Refusal:
    """The account may not do this now."""
    return Refusal(403, 40310000, message, **details)
