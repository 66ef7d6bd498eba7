"""What a description means: equal at every node, or nodes do not count each other."""

import itertools
import tomllib
from decimal import Context, localcontext
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from qkdctl.abft.timing import Timing
from qkdctl.auth.levels import Way
from qkdctl.config.link_facts import click_ceiling_hz, key_ceiling_e9
from qkdctl.network.load import load_description, parse_description
from qkdctl.physics.bounds import plob_bound
from qkdctl.policy.shield_settings import ShieldSettings
from tests.network.texts import ALONE_TEXT, NODES, RING_TEXT, ring

EXAMPLE = Path(__file__).parents[2] / "config/network.example.toml"
TABLES = [f"[{table}" for table in RING_TEXT.replace("\n[", "\n\x00[").split("\x00[")][1:]


@given(st.permutations(TABLES), st.booleans())
def test_order_and_comments_do_not_matter(tables: list[str], commented: bool) -> None:
    head = RING_TEXT[: RING_TEXT.index("[members")]
    text = head + "\n".join(tables).replace("\n", "  # of no matter\n" if commented else "\n")
    one, two = parse_description(RING_TEXT), parse_description(text)
    assert tomllib.loads(text) == tomllib.loads(RING_TEXT)
    assert (one.digest, one.chain(), one.terms()) == (two.digest, two.chain(), two.terms())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "metro"', 'name = "metra"'),
        ("epoch_s = 5", "epoch_s = 5.001"),
        ("epoch_s = 5", 'epoch_s = 5\npolicy = "hold"'),
        ("faults = 1", "faults = 0"),
        ('label = "North"', 'label = "Nord"'),
        ("least_loss_db = 8", "least_loss_db = 8.1"),
        ("bits = 1024", "bits = 1025"),
        ("[members.west]", "[trust]\ndecay_permille = 201\n[members.west]"),
        ("[members.west]", "[shield]\nqber_margin_ppm = 1\n[members.west]"),
        ("[members.west]", "[acts]\nlifetime_epochs = 1\n[members.west]"),
        ("[members.west]", "[timing]\nrepeat_s = 0.2\n[members.west]"),
        ("[members.west]", '[members.west]\nsae = "west-1"'),
    ],
)  # fmt: skip
def test_nodes_with_any_other_value_speak_in_another_context(old: str, new: str) -> None:
    one, two = parse_description(RING_TEXT), parse_description(RING_TEXT.replace(old, new, 1))
    assert one.chain().context != two.chain().context


def test_a_default_written_out_is_no_other_value() -> None:
    written = RING_TEXT.replace("bits = 1024", "bits = 1024\nfailing = 0").replace("epoch_s = 5", "epoch_s = 5.0")
    assert parse_description(written).digest == parse_description(RING_TEXT).digest


@given(st.floats(1, 60))
@example(5.0)
def test_two_rounds_fit_an_epoch_by_default(epoch_s: float) -> None:
    description = parse_description(RING_TEXT.replace("epoch_s = 5", f"epoch_s = {epoch_s!r}"))
    timing = description.timing()
    rounds = timing.of_round(0, 0) + timing.of_round(1, 0)
    assert timing.report_s + rounds <= epoch_s
    assert not [problem for problem in description.warnings if problem.key.startswith("timing")]


def test_five_seconds_give_the_patience_of_a_replica_by_default() -> None:
    assert parse_description(RING_TEXT).timing() == Timing()


def test_terms_are_those_of_the_description() -> None:
    terms = parse_description(RING_TEXT).terms()
    assert [facts.link for facts in terms.table.links] == ["e-s", "n-e", "s-w", "w-n"]
    assert (terms.table.epoch_ms, terms.table.of("n-e").alice, terms.table.of("n-e").bob) == (5000, "north", "east")
    assert terms.shield == ShieldSettings(stale_after_ms=10_000)
    assert [(demand.source, demand.target, demand.bits, demand.colluding) for demand in terms.demands] == [
        ("north", "south", 1024, 1)
    ]
    book = terms.book
    assert (book.members, book.faults, book.policy) == (("east", "north", "south", "west"), 1, "rule-based")
    assert book.threshold_wish == 2, "f + 1 unless another k is wished"


def test_a_node_alone_is_a_network_of_one() -> None:
    description = parse_description(ALONE_TEXT)
    assert description.warnings == ()
    assert description.electorate.names == ("bench",)
    assert description.chain().electorate.is_strong(["bench"])
    assert description.ways("bench") == {}
    assert description.connectivity is None


def test_key_reaches_a_neighbour_over_the_link_and_others_over_relays() -> None:
    description = parse_description(RING_TEXT)
    assert description.ways("north") == {"east": Way(), "south": Way("relayed", 2), "west": Way()}
    assert description.ways("north", ("west",))["west"] == Way("hybrid")


def test_the_example_is_valid_and_may_be_claimed_to_be_safe_from_any_computer() -> None:
    description = load_description(EXAMPLE)
    assert description.warnings == ()
    assert description.electorate.slack == 1
    assert description.connectivity == 2 * description.electorate.faults + 1
    assert description.text.encode() == EXAMPLE.read_bytes()


@given(st.floats(0.001, 200))
@example(3.0103)
def test_the_ceiling_of_key_is_the_repeaterless_bound_rounded_up(loss_db: float) -> None:
    bound = float(plob_bound(10 ** (-loss_db / 10)))
    assert min(1e9, bound * 1e9 * (1 - 1e-9)) - 1e-3 <= key_ceiling_e9(loss_db) <= bound * 1e9 * (1 + 1e-9) + 1


def test_the_ceiling_of_key_is_the_same_whatever_arithmetic_a_process_is_set_to() -> None:
    losses = [0.1 * step for step in range(1, 400)]
    expected = [key_ceiling_e9(loss_db) for loss_db in losses]
    with localcontext(Context(prec=3)):
        assert [key_ceiling_e9(loss_db) for loss_db in losses] == expected
    assert all(one >= two for one, two in itertools.pairwise(expected))
    assert key_ceiling_e9(10.0) == 152_003_094, "-log2(0.9) = 0.15200309344"
    assert key_ceiling_e9(None) == key_ceiling_e9(0.0) == 1_000_000_000, "nothing is known, or nothing is lost"


def test_clicks_are_limited_by_the_dead_time_of_all_detectors_together() -> None:
    assert click_ceiling_hz(50.0, 4) == 80_000_000
    assert click_ceiling_hz(30.0, 1) == 33_333_334, "rounded up"
    assert click_ceiling_hz(None, 4) == 0, "unknown"


@pytest.mark.parametrize("count", [1, 2, 7, 31])
def test_a_description_from_a_few_words_is_valid(count: int) -> None:
    names = tuple(f"node-{number}" for number in range(count))
    description = parse_description(ring(names, (count - 1) // 3))
    assert len(description.members) == count
    assert description.terms().table.links == description.table.links


def test_who_joins_later_is_known_and_does_not_count_yet() -> None:
    text = RING_TEXT.replace("[members.south]", "[members.south]\njoins = true").replace("faults = 1", "faults = 0")
    description = parse_description(text)
    assert "south" in description.members
    assert description.founders == tuple(name for name in description.members if name != "south")
    assert description.electorate.names == description.book.members == description.founders
    assert description.chain().previous == description.digest


def test_a_description_that_replaced_another_begins_as_that_one_did() -> None:
    first = parse_description(RING_TEXT)
    second = parse_description(RING_TEXT.replace("epoch_s = 5", f'epoch_s = 6\nbegan_as = "{first.digest}"'))
    assert second.digest != first.digest
    assert second.chain() == first.chain()


def with_hubs(*hubs: str) -> str:
    """The ring, and nodes that are to join it with links to all four."""
    links = "".join(
        f'[links.{hub}-{node}]\nalice = "{hub}"\nbob = "{node}"\npulse_rate_hz = 1e9\n'
        for hub in hubs
        for node in NODES
    )
    return RING_TEXT + "".join(f"[members.{hub}]\njoins = true\n" for hub in hubs) + links


def test_only_admitted_members_relay() -> None:
    description = parse_description(with_hubs("hub"))
    assert description.connectivity == 2
    assert description.ways("north")["south"] == Way("relayed", 2)
    assert description.ways("north")["hub"] == Way()
    admitted = description.ways("north", admitted=(*NODES, "hub"))
    assert admitted["south"] == Way("relayed", 3)
    removed = description.ways("north", admitted=("north", "south", "west"))
    assert removed["south"] == Way("relayed", 1)


def test_the_way_of_a_member_that_is_not_admitted_is_that_which_there_is_once_it_is() -> None:
    assert parse_description(with_hubs("hub")).ways("hub")["south"] == Way()
    two = parse_description(with_hubs("hub", "rim"))
    assert two.ways("hub")["rim"] == Way("relayed", 4)
    assert two.ways("north")["south"] == Way("relayed", 2)


def test_key_of_a_key_manager_counts_as_relayed_between_neighbours_too() -> None:
    description = parse_description(RING_TEXT)
    assert set(description.ways("north", managed=True).values()) == {Way("relayed", 2)}
    assert description.ways("north", ("east",), managed=True)["east"] == Way("hybrid")
