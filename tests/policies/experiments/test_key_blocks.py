"""What operators want no key of is thrown away, and neither routes nor scores know of it."""

from functools import cache

import numpy as np
import pytest
from qkdctl_policies.experiments.key_blocks import KeyBlocks
from qkdctl_policies.experiments.stage import Stage
from qkdctl_policies.experiments.story import row_of

from tests.policies.experiments.tiny import cell


def strict(limit, **changes):
    hardware = {"strict": {"preset": "snspd", "intrinsic_error": 0.004, "qber_limit": limit}}
    return cell(table={"topology": "nsfnet", "hardware": "strict"}, hardware=hardware, **changes)


@cache
def story(limit, **changes):
    return row_of(strict(limit, **changes))


@pytest.mark.parametrize(("limit", "share"), [(0.001, 1.0), (0.09, 0.0)])
def test_all_key_or_none_is_thrown_away_where_the_limit_is_far_from_the_errors(limit, share) -> None:
    row = story(limit)
    assert row["made_bits"] > 0
    assert row["refused_bits"] == share * row["made_bits"]
    assert bool(row["accepted"]) == (share == 0)
    assert sum(demand["delivered"] for demand in row["demands"]) == (1 - share) * sum(
        demand["asked"] for demand in row["demands"]
    )


def test_the_error_rate_of_a_block_is_that_of_all_its_epochs() -> None:
    world = Stage.of(strict(0.09)).world()
    blocks, sums = KeyBlocks(world), np.zeros((2, world.stack.links.count))
    some = 0
    for _ in range(12):
        epoch = world.step(world.holding())
        ended = blocks.after(epoch)
        sums += [epoch.counted.errors[0, 0], epoch.counted.detected[0, 0]]
        done = ended.accepted
        some += done.sum()
        assert ended.errors[0, done].tolist() == sums[0, done].tolist()
        assert ended.clicks[0, done].tolist() == sums[1, done].tolist()
        sums[:, epoch.key.closed] = 0
    assert some > 0


def test_on_tapped_fibres_nobody_lies_and_no_key_of_theirs_is_used_beyond_the_limit() -> None:
    calm, tapped = story(0.01), story(0.01, attack="tamper-20", byzantine=0.2)
    assert tapped["byzantine_nodes"] == []
    assert all(demand["honest"] for demand in tapped["demands"])
    assert calm["accepted"]["bb84"]["z"]["clicks"] > tapped["accepted"]["bb84"]["z"]["clicks"] > 0
    for basis in tapped["accepted"]["bb84"].values():
        assert basis["errors"] < 0.01 * basis["clicks"]


def test_more_tapped_fibres_are_the_same_and_some_more() -> None:
    few, many = (Stage.of(strict(0.01, attack="tamper-2", byzantine=share)).network for share in (0.1, 0.3))
    one, other = ({place for tap in network.adversaries for place in tap.links} for network in (few, many))
    assert 0 < len(one) < len(other)
    assert one < other


def test_errors_that_belong_to_the_protocol_are_no_reason_to_throw_key_away() -> None:
    hardware = {"midway": {"preset": "relay", "protocols": ["mdi"], "qber_limit": 0.05}}
    mesh = {"nodes": 6, "mean_degree": 3.0, "relay_share": 1.0, "seed": 1}
    row = row_of(cell(table={"mesh": mesh, "relay_hardware": "midway"}, hardware=hardware, arm="both"))
    assert row["made_bits"] > row["refused_bits"] == 0
    bases = row["accepted"]["mdi"]
    assert bases["z"]["errors"] < 0.05 * bases["z"]["clicks"]
    assert bases["x"]["errors"] > 0.2 * bases["x"]["clicks"]
    assert all(demand["secure"] == demand["asked"] for demand in row["demands"])
