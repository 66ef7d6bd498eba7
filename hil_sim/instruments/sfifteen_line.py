"""The serial line that the S-Fifteen instruments have in common: CDC over USB, lines ended by CR LF."""

from abc import abstractmethod
from collections import deque
from collections.abc import Sequence

from hil_sim.endpoints.base import Reply
from hil_sim.endpoints.streaming import StreamingConversation
from hil_sim.instruments.text_lines import LineReader

# How often a count under way looks at the light; an answer comes at most so late.
TICK_S = 0.01


class BlockingLine(StreamingConversation):
    """Commands obeyed one by one; while a measurement runs, those that follow wait, `abort` alone excepted."""

    def __init__(self, separators: bytes = b"") -> None:
        """Read commands ended by line ends or any of the `separators`."""
        self._lines = LineReader(separators=separators)
        self._waiting: deque[str] = deque()

    @abstractmethod
    def busy(self) -> bool:
        """Whether a measurement is under way."""

    @abstractmethod
    def execute(self, command: str) -> str | None:
        """Obey a command; the line to answer, if any."""

    @abstractmethod
    def progress(self) -> bytes:
        """Go on with the measurement under way; what it has to say."""

    @abstractmethod
    def abort(self) -> None:
        """End the measurement under way without a result."""

    def period_s(self) -> float:
        """Pace of the measurement."""
        return TICK_S

    def tick(self) -> Sequence[Reply]:
        """Go on with the measurement, and with what waited for its end."""
        said = self.progress() if self.busy() else b""
        return [Reply(said), *self._work()] if said else self._work()

    def received(self, data: bytes) -> Sequence[Reply]:
        """Take commands."""
        replies: list[Reply] = []
        for line in self._lines.feed(data):
            command = line.decode("latin-1").strip()
            if command.lower() == "abort":
                self._waiting.clear()
                self.abort()
            elif command:
                self._waiting.append(command)
                replies += self._work()
        return replies

    def _work(self) -> list[Reply]:
        answers: list[Reply] = []
        while self._waiting and not self.busy():
            answer = self.execute(self._waiting.popleft())
            if answer is not None:
                answers.append(Reply(answer.encode("latin-1") + b"\r\n"))
        return answers
