"""An event loop whose time jumps: hours of waiting take milliseconds, and the same way each time."""

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

START_S = 1000.0


class VirtualLoop(asyncio.SelectorEventLoop):
    """Whenever everything waits, time goes on to the next appointment."""

    def __init__(self) -> None:
        self._now = START_S
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds


class _Jumping(selectors.DefaultSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise AssertionError("everything waits for ever")
        self._loop.jump(max(timeout, 0.0))
        return super().select(0)


class LoopClock:
    """The clock of the running loop."""

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    def wall_ms(self) -> int:
        return 1_700_000_000_000 + round(1000 * self.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in virtual time; no task may be left, and no exception unseen."""
    unseen: list[str] = []

    async def watched() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: unseen.append(str(context.get("exception") or context)))
        result = await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        result = runner.run(watched())
    assert not unseen, unseen
    return result


def virtual(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in virtual time."""

    @functools.wraps(test)
    def wrapper(*arguments: Any, **settings: Any) -> None:
        run(test(*arguments, **settings))

    return wrapper


async def until(condition: Callable[[], object], within_s: float = 60.0, what: str = "") -> None:
    """Wait for a condition, in virtual time."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within_s
    while not condition():
        assert loop.time() < deadline, f"not within {within_s:g} s: {what}"
        await asyncio.sleep(0.05)
