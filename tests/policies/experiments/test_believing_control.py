"""Who believes reports takes the receiver's word, and holds it against nobody."""

import numpy as np
import pytest
from qkdctl_policies.experiments.believing_control import believed_row
from qkdctl_policies.experiments.node_reports import Remarks, ReportDesk

from tests.policies.experiments.tiny import diamond


@pytest.fixture
def facts_and_ends(tmp_path):
    stage = diamond(tmp_path)
    world = stage.world()
    epoch = world.step(world.holding())
    reports = ReportDesk(stage.network, world, ()).reports(epoch, np.zeros(5, dtype=bool), Remarks())
    facts = stage.table.links[0]
    return facts, {(end.link, end.end): end for report in reports for end in report.ends if end.link == facts.link}


def with_errors(end, errors):
    [record] = end.sessions
    z = record.z.model_copy(update={"errors": (errors, *record.z.errors[1:])})
    return end.model_copy(update={"sessions": (record.model_copy(update={"z": z}),)})


def test_the_receiver_is_believed_and_the_sender_is_not_asked(facts_and_ends) -> None:
    facts, ends = facts_and_ends
    clicks = ends[facts.link, "bob"].sessions[0].z.detected[0]
    true = believed_row(facts, ends)
    lie = believed_row(facts, ends | {(facts.link, "bob"): with_errors(ends[facts.link, "bob"], clicks // 4)})
    other = believed_row(facts, ends | {(facts.link, "alice"): with_errors(ends[facts.link, "alice"], clicks // 4)})
    assert true.valid == lie.valid == 1
    assert lie.qber_z_ppm == pytest.approx(250_000, abs=2)
    assert other == true


def test_a_link_whose_receiver_says_nothing_is_not_valid(facts_and_ends) -> None:
    facts, ends = facts_and_ends
    assert believed_row(facts, {key: end for key, end in ends.items() if key[1] == "alice"}).valid == 0
    assert believed_row(facts, {}) is None
