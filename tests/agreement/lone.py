"""A node alone as a pure function: reports in, decisions and agreed states out, as many epochs as a test wants."""

from collections.abc import Callable

from qkdctl.abft.act_book import electorate_of
from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import digest_of
from qkdctl.abft.quorum import FULL_PPM
from qkdctl.abft.value import Entry, Value
from qkdctl.agreement.application import NodeApplication, Terms
from qkdctl.agreement.state import AgreedState
from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.failure import PolicyFailure
from qkdctl.policy.proposal import LinkProposal, Policy, Proposal
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.act import Act, ActBook, ActivatePolicy, ActReport, Finding
from qkdctl.records.decision import Decision
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from tests.records.samples import end_report, report, session, table


class Scripted:
    """A policy file whose network does what a test says.

    Args:
        digit: of which its digest consists.
        action: that it proposes for every link; "" makes it fail.
    """

    def __init__(self, digit: str, action: str = "hold") -> None:
        self.identity = digit * 64
        self.action = action

    def propose(self, state: NetworkState, facts: LinkTable) -> Proposal:
        if not self.action:
            raise PolicyFailure("not-finite", "1 of 10 values is not finite")
        return Proposal(self.identity, tuple(LinkProposal(link.link, self.action) for link in facts.links))


class Lone:
    """Epoch after epoch of one node with both ends of one link.

    Attributes:
        policies: at hand.
        entries: what was decided.
    """

    def __init__(self, policy: str, *policies: Policy) -> None:
        self.policies: dict[str, Policy] = {**BASELINES, **{entry.identity: entry for entry in policies}}
        book = ActBook(members=("bench",), faults=0, threshold_wish=1, lifetime_epochs=1000, policy=policy)
        self.terms = Terms(table(), ShieldSettings(), (), book)
        self.application = NodeApplication(lambda: self.terms, self.policies.get, None)
        self.entries: list[Entry] = []
        self.key_bits = 250_000
        self.errors = 4_000
        self._chain = Chain.beginning(electorate_of(book, {"bench": FULL_PPM}))
        self._filed: tuple[Act, ...] = ()
        self._found: tuple[Finding, ...] = ()

    @property
    def policy(self) -> str:
        return self.application.book.policy

    @property
    def state(self) -> AgreedState:
        assert self.application.state is not None
        return self.application.state

    def activate(self, policy: str) -> int:
        """Activate by an act; returns the epoch whose decision did it."""
        self._filed = (ActivatePolicy(policy=policy),)
        self.decide()
        number = self.application.book.next_number - 1
        self._filed, self._found = (), (Finding(number=number, accepted=1, wrong=()),)
        self.decide()
        self._found = ()
        assert self.policy == policy
        return self.state.network.epoch

    def decide(self, epochs: int = 1, until: Callable[[], bool] = lambda: False) -> Decision:
        """Decide so many epochs, or until something holds."""
        for _ in range(epochs):
            decision = self._decide()
            if until():
                break
        return decision

    def _decide(self) -> Decision:
        epoch = self._chain.epoch
        text = self._report(epoch)
        outcome = self.application.decide(self._chain, {"bench": text})
        value = Value(epoch, self._chain.previous, (("bench", digest_of(text)),), outcome)
        entry = Entry(self._chain, value, {"bench": text})
        decision, state = self.application.after(entry)
        self.application.advance(state)
        self.entries.append(entry)
        self._chain = entry.next_chain
        return decision

    def _report(self, epoch: int) -> str:
        ends = []
        for end in ("alice", "bob"):
            made = session(epoch, end, secret_key_bits=self.key_bits)
            made = made.model_copy(update={"z": made.z.model_copy(update={"errors": (self.errors, 200, 1)})})
            ends.append(end_report(made, end=end))
        acts = ActReport(filed=self._filed, findings=self._found)
        said = report(epoch, *ends, policy=self.application.running, acts=acts)
        return said.canonical().decode("ascii")
