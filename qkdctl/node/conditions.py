"""What keeps a node from deciding with the others, as it stands now."""

from collections.abc import Iterator
from dataclasses import dataclass

from qkdctl.abft.replica import Replica
from qkdctl.agreement.peer_side import PeerSide
from qkdctl.control.alarms import Alarms

ISOLATED = "isolated"
SITS_OUT = "sits-out"
SILENT_EPOCHS = 3


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that an operator must know of the agreement.

    Attributes:
        code: stable name.
        text: one sentence.
    """

    code: str
    text: str


def conditions(me: str, replica: Replica, peers: PeerSide | None, epoch_s: float) -> Iterator[Condition]:
    """The conditions of a node.

    Args:
        me: its name.
        replica: its part in the agreement.
        peers: None for a node alone.
        epoch_s: length of an epoch in seconds.
    """
    electorate = replica.chain.electorate
    if me not in electorate.weights:
        yield Condition("no-member", f"{me} follows the decisions of the others and has no vote")
    elif replica.rejoins:
        yield Condition(SITS_OUT, "votes may have been given that the store does not know; it only follows now")
    if peers is None:
        return
    patience_s = SILENT_EPOCHS * epoch_s
    heard = _heard(peers, patience_s)
    weight = electorate.weight([me, *heard])
    if weight < electorate.strong_from:
        text = (
            f"within {patience_s:g} s {', '.join(heard) or 'nobody'} was heard, with this node a weight of {weight}; "
            f"{electorate.strong_from} is needed to decide"
        )
        yield Condition(ISOLATED, text)


class ConditionAlarms:
    """Raises alarms about conditions: a node that is no member is as its operators want it, the rest is trouble.

    Args:
        me: name of the node.
        alarms: of the node.
    """

    def __init__(self, me: str, alarms: Alarms) -> None:
        self._me = me
        self._alarms = alarms
        self._ticks = 0

    def judge(self, found: Iterator[Condition]) -> None:
        """An epoch has passed. Who has just started has not been silent to others for long enough to be alone."""
        self._ticks += 1
        texts = {condition.code: condition.text for condition in found}
        for code in (ISOLATED, SITS_OUT):
            if code not in texts:
                self._alarms.clear(code, self._me)
            elif code != ISOLATED or self._ticks > SILENT_EPOCHS:
                self._alarms.raise_(code, self._me, texts[code])


def _heard(peers: PeerSide, patience_s: float) -> list[str]:
    """Peers in step that were heard within so many seconds, by any path, sorted."""
    latest: dict[str, float] = {}
    for path in peers.transport.status():
        for status in path.peers:
            if status.silent_s is not None:
                latest[status.peer] = min(status.silent_s, latest.get(status.peer, patience_s))
    in_step = peers.in_step()
    return sorted(peer for peer, silent_s in latest.items() if silent_s < patience_s and peer in in_step)
