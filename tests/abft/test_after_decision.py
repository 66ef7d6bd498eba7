"""One that has decided is still needed by those that have not, though its application stands at the next epoch."""

import pytest

from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import Message, Vote
from qkdctl.abft.value import Outcome
from tests.abft.round_table import decided_table, instance_of


class GoneOn:
    """The application of a node that carries its decision out: it cannot judge what led there any more."""

    def admissible(self, *_: object) -> bool:
        return False

    def decide(self, chain: Chain, _: object) -> Outcome:
        raise ValueError(f"the state before epoch {chain.epoch} is gone")


@pytest.mark.parametrize("restarts", [False, True])
def test_one_that_alone_has_decided_helps_the_others_to_decide_in_a_later_round(*, restarts: bool) -> None:
    """With one of four silent, all three votes 4 of a round reach only one of those that are left."""
    table = decided_table()
    table.tick()
    for seconds in (0.0, 1.1, 0.2):
        table.wait(seconds)
        table.deliver(_is_heard)
    (first,) = {name for name, _ in table.decided}
    value = table.decided[first, 1]
    if restarts:
        table.restart(first)
    instance_of(table, first).proposals._application = GoneOn()
    instance_of(table, first).proposals._composed.clear()
    for _ in range(6):
        table.wait(2.0)
        table.deliver(_is_heard)
    assert {table.decided.get((name, 1)) for name in "abc"} == {value}
    assert not table.alarms


def _is_heard(_: str, to: str, message: Message) -> bool:
    return to == "a" or not (isinstance(message, Vote) and message.phase == 4 and message.round == 0)
