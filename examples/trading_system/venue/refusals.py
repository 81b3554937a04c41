"""Refusal: an error answer of the venue, in the broker's form {code, message}."""


class Refusal(Exception):  # noqa: N818 - it is a regular answer to a request, not a failure of the venue
    """An error answer.

    Args:
        status: HTTP status.
        code: The broker's eight-digit code, which usually begins with the HTTP status.
        message: One sentence for the client.
        details: Further keys of the answer.
    """

    def __init__(self, status: int, code: int, message: str, **details: str) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, str | int] = {"code": code, "message": message, **details}


def unauthorized() -> Refusal:
    """Return the refusal of a wrong key or secret."""
    return Refusal(401, 40110000, "request is not authorized")


def invalid(message: str) -> Refusal:
    """Return the refusal of a request with invalid content."""
    return Refusal(422, 42210000, message)


def unknown(message: str) -> Refusal:
    """Return the refusal of a request for something that does not exist."""
    return Refusal(404, 40410000, message)


def forbidden(message: str, **details: str) -> Refusal:
    """Return the refusal of a request that the account may not make now."""
    return Refusal(403, 40310000, message, **details)
