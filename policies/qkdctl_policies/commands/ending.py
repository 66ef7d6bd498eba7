"""How a verb of this package ends when it cannot go on."""

from importlib.util import find_spec
from typing import NoReturn

import typer

from qkdctl.exit_codes import UNAVAILABLE

INTERRUPTED = 128 + 2
"""What a shell reports for a program that Ctrl-C ended."""


def fail(error: str, hint: str, code: int) -> NoReturn:
    """End the verb.

    Args:
        error: what is wrong, and where.
        hint: what to do; "" where that follows.
        code: one of `qkdctl.exit_codes`.
    """
    typer.echo(f"error: {error}" + (f"\nhint: {hint}" if hint else ""), err=True)
    raise typer.Exit(code)


def fail_on(error: OSError) -> NoReturn:
    """End the verb for what the machine refused; see `refused`."""
    fail(refused(error), "", UNAVAILABLE)


def refused(error: OSError) -> str:
    """What the machine refused; where no file is named it was the output."""
    return f"{error.filename or 'output'}: {error.strerror or error}"


def need(*modules: str, extra: str = "train") -> None:
    """End the verb with a hint when something of an extra is not installed."""
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        fail(f"{', '.join(missing)} {verb} not installed", f"pip install 'qkdctl[{extra}]'", UNAVAILABLE)
