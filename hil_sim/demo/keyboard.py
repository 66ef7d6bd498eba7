"""Single keys from a terminal, without waiting for a line."""

import asyncio
import os
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def pressed(press: Callable[[str], None]) -> Iterator[None]:
    """Tell of every key while the block lasts; does nothing without a terminal. Ctrl-C stays a signal.

    Args:
        press: called on the event loop; must not block.
    """
    if not sys.stdin.isatty():
        yield
        return
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    loop = asyncio.get_running_loop()
    tty.setcbreak(file)
    loop.add_reader(file, lambda: press(os.read(file, 1).decode("ascii", "ignore")))
    try:
        yield
    finally:
        loop.remove_reader(file)
        termios.tcsetattr(file, termios.TCSADRAIN, before)
