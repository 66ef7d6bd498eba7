"""How a verb fails: what is wrong and what to do on stderr, and a documented exit code."""

import errno
import os
import sys
from collections.abc import Callable

from qkdctl.cli.output import complain
from qkdctl.client import ClientError, RefusedError, UnreachableError
from qkdctl.exit_codes import FAILURE, OK, PERMISSION, TEMPORARY, UNAVAILABLE

#: What a shell reports for a program that SIGPIPE ended.
_BROKEN_PIPE = 128 + 13
_OUTPUT_FAILS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
_EXIT_CODES = {401: PERMISSION, 403: PERMISSION, 503: TEMPORARY}


class CliError(Exception):
    """A verb cannot do what was asked.

    Attributes:
        error: what failed.
        hint: what to do; "" when there is nothing to suggest.
        code: exit code.
    """

    def __init__(self, error: str, hint: str = "", code: int = FAILURE) -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint
        self.code = code


def outcome(call: Callable[[], object]) -> int:
    """Run a verb and return its exit code; what went wrong is reported, and a reader that left is no error."""
    try:
        call()
        sys.stdout.flush()
    except (CliError, ClientError) as error:
        return report(error)
    except BrokenPipeError:
        _discard_output()
        return _BROKEN_PIPE
    except OSError as error:
        return report(_of_the_machine(error))
    return OK


def _of_the_machine(error: OSError) -> CliError:
    """What the machine refused; without a file it was the output."""
    code = PERMISSION if isinstance(error, PermissionError) else FAILURE
    if error.filename is not None:
        return CliError(f"{error.filename}: {error.strerror}", code=code)
    if error.errno not in _OUTPUT_FAILS:
        return CliError(str(error), code=code)
    _discard_output()
    return CliError(f"the output cannot be written: {error.strerror}", "make room, or send it elsewhere")


def _discard_output() -> None:
    """The interpreter flushes stdout once more when it ends; that must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def report(error: CliError | ClientError) -> int:
    """Print an error on stderr and return its exit code."""
    lines = [f"error: {error.error}"]
    if isinstance(error, RefusedError) and error.expected:
        lines.append(f"expected: {error.expected}")
    if error.hint:
        lines.append(f"hint: {error.hint}")
    complain("\n".join(lines))
    return exit_code(error)


def exit_code(error: CliError | ClientError) -> int:
    """Exit code of an error."""
    if isinstance(error, CliError):
        return error.code
    if isinstance(error, RefusedError):
        return _EXIT_CODES.get(error.status, FAILURE)
    if isinstance(error, UnreachableError):
        return PERMISSION if isinstance(error.__cause__, PermissionError) else UNAVAILABLE
    return FAILURE
