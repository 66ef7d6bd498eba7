"""What a node must know of its network before it can agree with anybody."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from qkdctl.abft.act_book import electorate_of
from qkdctl.abft.chain import NOTHING_AGREED, Chain
from qkdctl.abft.quorum import FULL_PPM
from qkdctl.abft.timing import Timing
from qkdctl.agreement.application import Terms
from qkdctl.auth.authenticator import Authenticator
from qkdctl.bus.pairwise import PairTransport
from qkdctl.clock import Clock
from qkdctl.keys.base import KeySource
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.act import ActBook
from qkdctl.records.facts import LinkTable
from qkdctl.store.store import Store

ALONE_LIFETIME_EPOCHS = 1000


@dataclass(frozen=True, slots=True)
class Connected:
    """The way to the peers, ready for use.

    Attributes:
        authenticator: started, with a channel for every peer.
        source: of key for them.
        transport: carries packets; whoever uses it runs it.
    """

    authenticator: Authenticator
    source: KeySource
    transport: PairTransport


Connect: TypeAlias = Callable[[Store, Clock], Awaitable[Connected]]


@dataclass(frozen=True, slots=True)
class NetworkSide:
    """One node's view of its network.

    Attributes:
        name: of the network.
        digest: of what its nodes agreed on beforehand, 64 hexadecimal digits.
        peers: all other nodes that this one has keys with, sorted.
        chain: before the first decision.
        terms: in force.
        timing: patience.
        connect: opens the way to the peers; None for a node alone.
    """

    name: str
    digest: str
    peers: tuple[str, ...]
    chain: Chain
    terms: Callable[[], Terms]
    timing: Timing
    connect: Connect | None


def alone(node: str, policy: str, table: Callable[[], LinkTable], shield: Callable[[], ShieldSettings]) -> NetworkSide:
    """A network of one node, which agrees with itself.

    Args:
        node: its name.
        policy: identity of the policy that it begins with.
        table: gives the facts in force.
        shield: gives the limits in force.
    """
    book = ActBook(members=(node,), faults=0, threshold_wish=1, lifetime_epochs=ALONE_LIFETIME_EPOCHS, policy=policy)
    chain = Chain.beginning(electorate_of(book, {node: FULL_PPM}))
    return NetworkSide(node, NOTHING_AGREED, (), chain, lambda: Terms(table(), shield(), (), book), Timing(), None)
