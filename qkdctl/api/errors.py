"""Why the node refuses a request, by cause; each becomes one HTTP status and one problem document."""

from collections.abc import Iterable
from difflib import get_close_matches
from http import HTTPStatus
from typing import ClassVar


class FacadeError(Exception):
    """A request that the node does not carry out.

    Attributes:
        status: the HTTP status that says so.
        error: what failed, and where.
        expected: what would have been right; "" when nothing can be named.
        hint: what to do next; "" when there is nothing to do.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, error: str, *, expected: str = "", hint: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.expected = expected
        self.hint = hint


class UnknownNameError(FacadeError):
    """There is nothing of that name; the hint offers the nearest name there is.

    Args:
        what: kind of thing that was asked for.
        name: it was asked for by.
        known: names there are.
        expected: what would have been right; the names there are by default.
        hint: what to do when no name is near.
    """

    status = HTTPStatus.NOT_FOUND

    def __init__(self, what: str, name: str, known: Iterable[str], *, expected: str = "", hint: str = "") -> None:
        names = sorted(known)
        near = get_close_matches(name, names, n=1)
        super().__init__(
            f"there is no {what} {name!r}",
            expected=expected or (f"one of {', '.join(names)}" if names else f"no {what} is configured"),
            hint=f"did you mean {near[0]!r}?" if near else hint,
        )


class InvalidValueError(FacadeError):
    """The value has the wrong type, or lies outside the limits in force; nothing was written."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class ConflictError(FacadeError):
    """The request is sound, but not in the present state (a link in safe mode, an observing daemon)."""

    status = HTTPStatus.CONFLICT


class ForbiddenError(FacadeError):
    """The caller's role does not allow the request."""

    status = HTTPStatus.FORBIDDEN


class UnavailableError(FacadeError):
    """What the request needs is out of reach now (an instrument that is offline); it may work later."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
