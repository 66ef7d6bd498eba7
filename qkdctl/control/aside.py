"""Where work goes that would hold up the event loop."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Aside(Protocol):
    """Runs what takes a while beside the event loop, as `asyncio.to_thread` does; the two must share nothing."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What the work returns, or raises."""
