"""What a checker sees."""

from hil_sim.agreement.host import Host
from hil_sim.agreement.scenario import Scenario
from qkdctl.abft.effects import Alarm, Collect, Commit, Effect, Event, Halt, Persist, Send
from qkdctl.abft.messages import Message
from qkdctl.abft.value import Entry


class Checker:
    """Watches the honest hosts of one simulation; raises `ViolationError` when its property does not hold.

    Args:
        scenario: what is simulated.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def did(self, host: Host, effect: Effect) -> None:
        """An effect is being done; told apart here."""
        if isinstance(effect, Send):
            self.said(host, effect.to, effect.message)
        elif isinstance(effect, Persist):
            self.stored(host, effect)
        elif isinstance(effect, Commit):
            self.committed(host, effect.entry)
        elif isinstance(effect, Collect):
            self.asked(host, effect)
        elif isinstance(effect, Alarm | Halt):
            self.alarmed(host, effect)

    def stepped(self, host: Host, event: Event) -> None:
        """The replica took an event in."""

    def said(self, host: Host, to: str, message: Message) -> None:
        """The replica sends."""

    def stored(self, host: Host, effect: Persist) -> None:
        """The replica stores."""

    def committed(self, host: Host, entry: Entry) -> None:
        """The replica has decided."""

    def asked(self, host: Host, effect: Collect) -> None:
        """The replica asks for a report."""

    def alarmed(self, host: Host, effect: Alarm | Halt) -> None:
        """The replica raises an alarm, or stops."""

    def reported(self, host: Host, epoch: int, content: str) -> None:
        """The host has measured."""

    def crashed(self, host: Host) -> None:
        """The host is down."""
