"""A client that talks to a SCPI instrument without a wire."""

from hil_sim.endpoints.base import Instrument, Reply


class Dialogue:
    """Sends lines and returns what comes back, delays aside."""

    def __init__(self, instrument: Instrument) -> None:
        self._conversation = instrument.converse()

    def replies(self, line: str) -> list[Reply]:
        return list(self._conversation.received(line.encode() + b"\n"))

    def ask(self, line: str) -> str | None:
        """The one reply to a line without its terminator; None when there is none."""
        replies = self.replies(line)
        assert len(replies) <= 1, "a line has at most one reply"
        return replies[0].data.decode().rstrip("\r\n") if replies else None

    def tell(self, line: str) -> None:
        assert self.ask(line) is None, f"{line!r} was expected to give no reply"

    def delay_s(self, line: str) -> float:
        """When the reply to a line is due."""
        return self.replies(line)[0].delay_s

    def error(self) -> int:
        """Code of the oldest error, which is removed."""
        answer = self.ask(":SYST:ERR?")
        assert answer is not None
        return int(answer.partition(",")[0])

    def error_of(self, line: str) -> int:
        """Code of the error that a line makes; the line must give no reply."""
        self.tell(line)
        return self.error()
