"""The shapes of the JSON documents about the agreement between nodes."""

from typing import Annotated, Any, Literal

from pydantic import Field

from qkdctl.api.models import Document, Number, Shape
from qkdctl.records.act import TaggedAct

Weight = Annotated[int, Field(ge=0, le=1000)]


class Condition(Shape):
    """What somebody should know of the agreement."""

    code: str
    severity: Literal["warning", "critical"]
    subject: str
    text: str


class LastDecision(Shape):
    """The last decision that this process has seen."""

    epoch: int
    ended_ms: int
    age_s: Number
    round: Annotated[int, Field(ge=0, description="in which it was reached here; 0 unless a leader failed")]
    digest: str
    reports: Annotated[list[str], Field(description="members whose report counts")]
    absent: list[str]
    policy: str
    electorate: Annotated[str, Field(description="digest of who decides in the epoch after the next")]


class KeyBits(Shape):
    """Key used since the start of the process, in bits; wasted is what was drawn for a process that has gone."""

    sent: int
    received: int
    wasted: int


class SentPackets(Shape):
    """Packets to a peer since the start of the process, by what protects them."""

    one_time: int
    hmac: int
    repeated: int
    unsealed: Annotated[int, Field(description="not sent: no key, or no budget left")]


class AcceptedPackets(Shape):
    """Packets from a peer whose tag was right."""

    all: int
    hmac: int
    greetings: int


class RefusedPackets(Shape):
    """Packets that came in the name of a peer and were refused, by cause."""

    duplicates: int
    replayed: int
    forged: int
    malformed: int
    downgraded: int
    over_budget: int
    awaited: int
    missing: int


class PeerOnPath(Shape):
    """What passes to and from a peer by one path."""

    via: str
    connected: bool
    queued: int
    sent: int
    dropped: int
    received: int
    refused: int
    overrun: int


class PeerChannel(Shape):
    """The authenticated channel with one peer."""

    peer: str
    level: Annotated[str, Field(description="its, its-relayed(k), hybrid, computational or none")]
    in_step: Annotated[bool, Field(description="the peer knows this process")]
    silent_s: Annotated[Number, Field(description="since something came in its name; null before that")]
    pads: Annotated[int, Field(description="one-time pads that are ready")]
    key_bits: KeyBits
    sent: SentPackets
    accepted: AcceptedPackets
    refused: RefusedPackets
    paths: list[PeerOnPath]


class Path(Shape):
    """One way to the peers, such as a broker."""

    via: str
    connected: bool
    sessions: int
    round_trip_s: Number
    unknown: int


class MemberPart(Shape):
    """What a member has done in the epoch under way, as far as this node has heard."""

    node: str
    weight: int
    silent_s: Annotated[
        Number, Field(description="since something came in its name; null before that, and for this node")
    ]
    report: Annotated[bool, Field(description="its report has come here")]
    certified: Annotated[bool, Field(description="a strong quorum has its report, so that it counts")]
    policy: Annotated[str | None, Field(description="that it runs, as its report says")]
    round: Annotated[int, Field(description="the latest that it spoke of")]
    votes: Annotated[list[int], Field(description="that it gave in the round of this node, of 1 to 4")]
    why: Annotated[str, Field(description="why it does not do its part; empty where it does, or nobody knows")]


class Standstill(Shape):
    """What an epoch waits for that has been under way for longer than an epoch."""

    since_s: Annotated[Number, Field(description="since the last decision; null when this process has seen none")]
    begun: Annotated[bool, Field(description="false as long as too few members have answered this daemon")]
    reports: Annotated[int, Field(description="that count and are here")]
    reports_needed: int
    proposed: Annotated[bool, Field(description="the leader of the round has proposed something")]
    phase: Annotated[int, Field(ge=1, le=4, description="the first vote without a strong quorum in this round")]
    weight: Annotated[int, Field(description="behind that vote; it takes `strong_from`")]
    decided: Annotated[bool, Field(description="the decision is known, and not in the ledger of this node yet")]
    reason: Annotated[str, Field(description="why this node could not compute what follows; empty while it can")]
    members: list[MemberPart]


class Agreement(Document):
    """Who decides and how far they are."""

    node: str
    network: str
    description: Annotated[str, Field(description="digest of what was agreed beforehand; zeros for a node alone")]
    members: list[str]
    faults: int
    slack: int
    total_weight: int
    strong_from: int
    weak_from: int
    electorate: Annotated[str, Field(description="digest of members, scores and f of this epoch")]
    epoch: int
    under_way: bool
    round: int
    leader: str
    decisions: Annotated[int, Field(description="since the start of the process")]
    last: LastDecision | None
    standstill: Annotated[
        Standstill | None, Field(description="null unless an epoch has been under way for longer than an epoch")
    ]
    peers: list[PeerChannel]
    paths: list[Path]
    conditions: list[Condition]


class Reason(Shape):
    """Why a node lost score or trust."""

    node: str
    error_permille: int
    cause: str
    subject: str
    number: int
    text: str


class Change(Shape):
    """By how much numbers moved in the last epoch."""

    score_ppm: int
    trust_ppm: int
    data_weight_e6: int


class NodeWeight(Shape):
    """What is thought of one node."""

    node: str
    member: bool
    score_ppm: int
    trust_ppm: int
    excluded: Annotated[bool, Field(description="the score is below one half: it leads no round")]
    distrusted: Annotated[bool, Field(description="the trust is below one half: routes avoid it")]
    score_probation_epochs: int
    trust_probation_epochs: int
    fidelity_permille: int
    data_weight_e6: int
    vote_weight: Annotated[Weight | None, Field(description="in the epoch that is decided now; null for no member")]
    next_vote_weight: Weight | None
    change: Annotated[Change | None, Field(description="null when the epoch before is not known")]
    why: list[Reason]


class NodeSeries(Shape):
    """Numbers of one node, epoch by epoch; null where it had none."""

    node: str
    score_ppm: list[int | None]
    trust_ppm: list[int | None]
    vote_weight: list[Weight | None]


class WeightHistory(Shape):
    """Numbers over epochs, oldest first."""

    epochs: list[int]
    nodes: list[NodeSeries]


class Rules(Shape):
    """How fast score and trust are lost and won."""

    decay_permille: int
    recovery_permille: int
    quiet_epochs: int
    agreed_epochs: int
    deviations: int


class Weights(Document):
    """What the word of each node weighs, and why."""

    epoch: Annotated[int, Field(description="after whose decision the nodes stand so")]
    deciding_epoch: int
    faults: int
    total_weight: int
    strong_from: int
    rules: Rules
    nodes: list[NodeWeight]
    history: WeightHistory


class Report(Shape):
    """A report that counts."""

    node: str
    digest: str
    weight: Weight
    wall_ms: int
    policy: str
    late: Annotated[list[str], Field(description="whose report of the epoch before was late there")]


class Late(Shape):
    """A report of the epoch before that is said to have come late; it counts if it is missing and enough say so."""

    node: str
    callers: list[str]
    weight: int
    counts: bool


class Claim(Shape):
    """What one end of a link says, its session records added up; signal intensity unless it says otherwise."""

    mode: str
    protocol: str
    mean_photon_number_e6: int
    measured_mean_photon_number_e6: int
    attenuation_mdb: int
    age_ms: int
    trusted: Annotated[bool, Field(description="the node itself found no fault with this end")]
    realigns: int
    sessions: Annotated[list[int], Field(description="sequence numbers of its new records")]
    pulses: int
    sifted_bits: int
    test_bits: int
    qber_z_ppm: int | None
    qber_x_ppm: int | None
    secret_key_bits: int


class Claims(Shape):
    """Of both ends; null for one that said nothing."""

    alice: Claim | None
    bob: Claim | None


class PerEnd(Shape):
    """A count for each end."""

    alice: int
    bob: int


class Difference(Shape):
    """A session of which the ends reported different records: one of them is faulty."""

    sequence: int
    text: str


class Quarrel(Shape):
    """Two nodes of which one is faulty, at least, until they have agreed for so many epochs."""

    one: str
    other: str
    agreed_epochs_left: int


class LinkEvidence(Shape):
    """Everything that was said about one link."""

    link: str
    alice: Annotated[str, Field(description="node at that end")]
    bob: str
    claims: Claims
    pairs: Annotated[int, Field(description="sessions that both ends reported")]
    differences: list[Difference]
    waiting: Annotated[PerEnd, Field(description="records that the other end may still report")]
    impossible: Annotated[PerEnd, Field(description="claims that cannot be true")]
    dispute: Quarrel | None
    row: Annotated[dict[str, Any] | None, Field(description="what was concluded; null when nothing was")]
    doubt: Annotated[str, Field(description="why the measurements are not used; empty when they are")]


class Charge(Shape):
    """An accusation; it counts when nodes of which one must be honest make it."""

    node: str
    kind: str
    epoch: int
    subject: str
    accusers: list[str]
    weight: int
    counts: bool


class Blamed(Shape):
    """A relay that is proven faulty."""

    node: str
    reason: str


class RelayQuarrel(Shape):
    """Two nodes of a path of which one is faulty, at least."""

    nodes: list[str]
    reason: str


class Audit(Shape):
    """What the nodes of a path say of a relayed key that failed, and what follows."""

    key: str
    path: list[str]
    blamed: list[Blamed]
    disputes: list[RelayQuarrel]
    silent: list[str]
    unheard: list[str]


class Evidence(Document):
    """What the nodes claimed in one epoch, and what was concluded."""

    epoch: int
    ended_ms: int
    whole: Annotated[bool, Field(description="false right after a start: records of the epoch before are not at hand")]
    reports: list[Report]
    absent: list[str]
    late: list[Late]
    links: list[LinkEvidence]
    relay_disputes: list[Quarrel]
    accusations: list[Charge]
    audits: list[Audit]
    verdicts: list[Reason]


class TagQuarrel(Shape):
    """A verifier that found the partial tag of a signer wrong."""

    verifier: str
    signer: str


class AnyAct(Shape):
    """An act that has a number."""

    number: int
    act: dict[str, Any]
    filer: str
    epoch: Annotated[int, Field(description="of the decision that gave it its number")]
    accepted: Annotated[list[str], Field(description="members that found enough others to stand by it")]
    disputes: list[TagQuarrel]


class OpenAct(AnyAct):
    """An act that is under way; it takes effect once members of a strong quorum have accepted it."""

    lapses_after: Annotated[int, Field(description="epoch that closes it at the latest")]
    approved_here: bool
    withdrawn: Annotated[bool, Field(description="by its filer, as decided: it never takes effect")]
    withdrawn_here: Annotated[bool, Field(description="this node filed it and has withdrawn it, decided yet or not")]
    at_hand: Annotated[bool, Field(description="false for a policy that this node has not got")]
    accepted_weight: int


class ClosedAct(AnyAct):
    """An act that is over."""

    outcome: Literal["effective", "void", "lapsed", "withdrawn"]


class Acts(Document):
    """Acts that need the word of several operators."""

    epoch: int
    needed: Annotated[int, Field(description="k, operators that must approve")]
    members: list[str]
    faults: int
    policy: str
    strong_from: int
    filed_here: Annotated[list[dict[str, Any]], Field(description="wanted here, without a number yet")]
    open: list[OpenAct]
    closed: Annotated[list[ClosedAct], Field(description="in the epochs that this process remembers, oldest first")]


class FileAct(Shape):
    """Request to file an act."""

    act: TaggedAct
