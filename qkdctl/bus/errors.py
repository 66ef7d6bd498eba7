"""What goes wrong with a link to a broker; never seen outside the bus."""


class LinkLostError(Exception):
    """The session with the broker is over."""


class UnreachableError(LinkLostError):
    """The broker was not reached at all: it knows nothing of the attempt."""


def first_cause(error: BaseException) -> BaseException:
    """The first exception within nested groups; the exception itself when it is no group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
