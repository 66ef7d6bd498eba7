"""Acts: what the nodes of a network do together only with the word of k of them, and where each act stands."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from qkdctl.records.base import Count, Name, PolicyId, Record

OPEN_PER_NODE = 1
"""Acts of one node that may be open at the same time: each uses up a key of every verifier."""


class ActivatePolicy(Record):
    """All nodes run this policy from the next epoch on."""

    kind: Literal["activate-policy"] = "activate-policy"
    policy: PolicyId


class AdmitMember(Record):
    """A node joins those that decide."""

    kind: Literal["admit-member"] = "admit-member"
    node: Name


class RemoveMember(Record):
    """A node leaves them."""

    kind: Literal["remove-member"] = "remove-member"
    node: Name


class SetFaults(Record):
    """So many members may lie from now on."""

    kind: Literal["set-faults"] = "set-faults"
    faults: Count


class LiftQuarantine(Record):
    """An excluded node counts as trusted again, without the rest of its probation."""

    kind: Literal["lift-quarantine"] = "lift-quarantine"
    node: Name


Act: TypeAlias = ActivatePolicy | AdmitMember | RemoveMember | SetFaults | LiftQuarantine
TaggedAct: TypeAlias = Annotated[Act, Field(discriminator="kind")]
Outcome: TypeAlias = Literal["effective", "void", "lapsed", "withdrawn"]


class WithdrawAct(Record):
    """The node that filed an open act wants it no longer. That needs nobody else: others may file the same act."""

    kind: Literal["withdraw-act"] = "withdraw-act"
    number: Count


TaggedFiling: TypeAlias = Annotated[Act | WithdrawAct, Field(discriminator="kind")]


class Finding(Record):
    """What one verifier found of one open act.

    Attributes:
        number: of the act.
        accepted: 1 once k signers sent it right partial tags.
        wrong: signers whose partial tag is not the one it expected, sorted.
    """

    number: Count
    accepted: Annotated[int, Field(ge=0, le=1)]
    wrong: tuple[Name, ...]

    @model_validator(mode="after")
    def _says_something_in_order(self) -> Self:
        if list(self.wrong) != sorted(set(self.wrong)):
            raise ValueError(f"wrong signers must be sorted and unique, got {self.wrong}")
        if not self.accepted and not self.wrong:
            raise ValueError(f"a finding on act {self.number} must say something")
        return self


class ActReport(Record):
    """What one node has to say about acts in one epoch.

    Attributes:
        filed: the act that its operator wants, or the open one that he wants no longer; at most one, repeated until
            that is decided.
        findings: as a verifier, on open acts, rising by number; repeated until the act is closed.
    """

    filed: Annotated[tuple[TaggedFiling, ...], Field(max_length=OPEN_PER_NODE)] = ()
    findings: tuple[Finding, ...] = ()

    @model_validator(mode="after")
    def _numbers_rise(self) -> Self:
        numbers = [finding.number for finding in self.findings]
        if numbers != sorted(set(numbers)):
            raise ValueError(f"findings must be sorted and unique, got acts {numbers}")
        return self


class TagDispute(Record):
    """A verifier that says of a signer that its partial tag was wrong: one of the two lies or dealt badly."""

    verifier: Name
    signer: Name


class ActState(Record):
    """Where an act stands.

    Attributes:
        number: of the act since the network began; it selects the key of every verifier.
        filer: node whose operator wanted it.
        epoch: of the decision that gave it its number.
        accepted: verifiers that said so in decided reports, sorted.
        disputes: sorted.
        withdrawn: 1 once its filer has withdrawn it: it never takes effect, and keeps the place of its filer a while.
    """

    number: Count
    act: TaggedAct
    filer: Name
    epoch: Count
    accepted: tuple[Name, ...] = ()
    disputes: tuple[TagDispute, ...] = ()
    withdrawn: Annotated[int, Field(ge=0, le=1)] = 0


class ClosedAct(ActState):
    """An act that was closed in this epoch.

    Attributes:
        outcome: `effective` took effect; `void`, because another act changed members or f; `lapsed`, because it was not
            accepted in time; `withdrawn` by its filer.
    """

    outcome: Outcome


class ActBook(Record):
    """What is agreed on acts after one epoch, and what acts have changed since the network began.

    Attributes:
        members: who decides from the epoch after the next, sorted.
        faults: how many of them may lie.
        threshold_wish: k as configured; see `abft.act_book.threshold_of`.
        lifetime_epochs: epochs after which an open act lapses.
        policy: the active one.
        committee: number of the first act that the present members sign; keys dealt before are for other members.
        next_number: of the next act.
        open: by number.
        closed: in this epoch, by number.
    """

    members: Annotated[tuple[Name, ...], Field(min_length=1, max_length=255)]
    faults: Count
    threshold_wish: Count
    lifetime_epochs: Annotated[int, Field(ge=1, le=2**31)]
    policy: PolicyId
    committee: Count = 0
    next_number: Count = 0
    open: tuple[ActState, ...] = ()
    closed: tuple[ClosedAct, ...] = ()

    @property
    def by_number(self) -> Mapping[int, ActState]:
        """Open acts."""
        return {state.number: state for state in self.open}

    @property
    def standing(self) -> Mapping[int, ActState]:
        """Open acts that may still take effect."""
        return {state.number: state for state in self.open if not state.withdrawn}

    def of_filer(self, node: str) -> ActState | None:
        """The open act of a node, withdrawn or not."""
        return next((state for state in self.open if state.filer == node), None)
