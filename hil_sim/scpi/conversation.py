"""One client's stream of program messages."""

from collections.abc import Sequence
from typing import Protocol

from hil_sim.endpoints.base import Conversation, Reply
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.parser import Parser, Unit
from qkdctl.clock import Clock

# A line longer than this cannot be a command; the input buffer then starts afresh.
_LONGEST_LINE = 65536


class Performer(Protocol):
    """What obeys the units of a message."""

    @property
    def ahead_s(self) -> float:
        """How far the performer's time lies ahead of the clock."""

    def run_ahead(self, seconds: float) -> None:
        """Set how far the performer's time lies ahead of the clock."""

    def perform(self, unit: Unit) -> str | None:
        """Obey one unit; the answer of a query."""

    def report(self, error: ScpiError) -> None:
        """Queue an error."""


class ScpiConversation(Conversation):
    """Lines ended by LF (a CR before it is ignored) in, answers joined by semicolons and ended by `terminator` out."""

    def __init__(self, performer: Performer, clock: Clock, parser: Parser, terminator: str = "\n") -> None:
        """Talk for `performer`, whose commands `parser` knows."""
        self._performer = performer
        self._clock = clock
        self._parser = parser
        self._terminator = terminator
        self._partial = b""
        self._busy_until_s = 0.0

    def received(self, data: bytes) -> Sequence[Reply]:
        """Obey every whole line."""
        *lines, self._partial = (self._partial + data).split(b"\n")
        if len(self._partial) > _LONGEST_LINE:
            self._partial = b""
            self._performer.report(ScpiError(-363))
        replies = (self._obey(line) for line in lines)
        return [reply for reply in replies if reply is not None]

    def _obey(self, line: bytes) -> Reply | None:
        """Obey one line; `*WAI` and `*OPC?` move the performer ahead in time instead of blocking."""
        now = self._clock.monotonic()
        self._performer.run_ahead(max(self._busy_until_s - now, 0.0))
        program = self._parser.parse(line.strip())
        answers: list[str] = []
        error = program.error
        for unit in program.units:
            try:
                answer = self._performer.perform(unit)
            except ScpiError as refusal:
                if refusal.is_command_error:
                    error = refusal
                    break
                self._performer.report(refusal)
                continue
            if answer is not None:
                answers.append(answer)
        if error is not None:
            self._performer.report(error)
        delay_s = self._performer.ahead_s
        self._busy_until_s = now + delay_s
        self._performer.run_ahead(0.0)
        if not answers:
            return None
        return Reply((";".join(answers) + self._terminator).encode("ascii"), delay_s)
