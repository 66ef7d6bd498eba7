"""An instrument that says back what it hears, and one that speaks unasked."""

import re
from collections.abc import Sequence

from hil_sim.endpoints.base import Conversation, Instrument, Reply
from hil_sim.endpoints.streaming import StreamingConversation


class Echo(Instrument):
    """Answers each line with itself, after a delay when the line begins with one: `0.5 text`."""

    def __init__(self, greeting: bytes = b"") -> None:
        self.greeting = greeting
        self.conversations = 0
        self.cycles = 0

    def converse(self) -> Conversation:
        self.conversations += 1
        return _EchoLine(self.greeting)

    def power_cycle(self) -> None:
        self.cycles += 1


class _EchoLine(Conversation):
    def __init__(self, greeting: bytes) -> None:
        self._greeting = greeting
        self._partial = b""

    def greeting(self) -> Sequence[Reply]:
        return [Reply(self._greeting)] if self._greeting else ()

    def received(self, data: bytes) -> Sequence[Reply]:
        *lines, self._partial = (self._partial + data).split(b"\n")
        return [_reply(line) for line in lines]


def _reply(line: bytes) -> Reply:
    delayed = re.fullmatch(rb"([0-9.]+) (.*)", line)
    return Reply(delayed[2] + b"\n", float(delayed[1])) if delayed else Reply(line + b"\n")


class Ticker(Instrument):
    """Sends a number every second."""

    def converse(self) -> Conversation:
        return _Ticks()

    def power_cycle(self) -> None:
        """Nothing to forget."""


class _Ticks(StreamingConversation):
    def __init__(self) -> None:
        self._count = 0

    def received(self, data: bytes) -> Sequence[Reply]:
        return ()

    def period_s(self) -> float:
        return 1.0

    def tick(self) -> Sequence[Reply]:
        self._count += 1
        return [Reply(b"%d\n" % self._count)]
