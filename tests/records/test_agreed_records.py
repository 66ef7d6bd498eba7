"""What nodes exchange is strict, canonical and survives the wire."""

from typing import Any

import pytest
from pydantic import ValidationError

from qkdctl.records.accusation import Accusation
from qkdctl.records.base import Record
from qkdctl.records.decision import Decision
from qkdctl.records.facts import LinkTable
from qkdctl.records.plan import Intervention, LinkPlan, Plan
from qkdctl.records.relay import MOST_NODES, RelayView
from qkdctl.records.report import DeviceReport, LinkReport, NodeReport
from tests.records.samples import end_report, facts, report, row, session, table

PLAN = Plan(
    epoch=3,
    policy="rule-based",
    links=(
        LinkPlan(
            link="alice-bob",
            action="hold",
            mean_photon_number_e6=250_000,
            protocol="bb84",
            realign=0,
            interventions=(Intervention(code="cap", text="Cut to the cap."),),
        ),
    ),
)
DECISION = Decision(epoch=3, state="f" * 64, book="0" * 64, plan=PLAN, policy="a" * 64, failed=0, routes=())
DEVICE = DeviceReport(device="voa-1", kind="attenuator", state="online", age_ms=12, failures=0)
REPORT = report(3, end_report(session())).model_copy(update={"devices": (DEVICE,)})


@pytest.mark.parametrize("record", [REPORT, table(), PLAN, DECISION], ids=lambda record: type(record).__name__)
def test_record_survives_the_wire_with_equal_bytes(record: Record) -> None:
    again = type(record).from_json(record.canonical())
    assert again == record
    assert again.canonical() == record.canonical()
    assert again.digest() == record.digest()


@pytest.mark.parametrize(
    "wrong",
    [
        {"qber_z_ppm": 1_000_001},
        {"qber_z_ppm": 1.0},
        {"valid": True},
        {"valid": 2},
        {"pulses": -1},
        {"pulses": 2**63},
        {"mode": "asleep"},
        {"link": "Alice"},
        {"records": "abc"},
        {"mean_photon_number_e6": "250000"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_link_report_takes_nothing_that_is_not_exactly_right(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LinkReport(**(row().model_dump() | wrong))


def test_an_end_reports_its_own_records_in_rising_order_and_at_most_64() -> None:
    with pytest.raises(ValidationError, match="every session must be of the alice end of alice-bob"):
        end_report(session(1, "bob"))
    with pytest.raises(ValidationError, match="every session must be of the alice end of alice-bob"):
        end_report(session(1, link="elsewhere"))
    for numbers in ((2, 1), (1, 1)):
        with pytest.raises(ValidationError, match="sequence numbers must rise"):
            end_report(*(session(number) for number in numbers))
    assert len(end_report(*(session(number) for number in range(64))).sessions) == 64
    with pytest.raises(ValidationError, match="at most 64 items"):
        end_report(*(session(number) for number in range(65)))


def test_lists_of_a_report_are_sorted_and_without_repetition() -> None:
    both = report(3, end_report(), end_report(end="bob"))
    assert [end.end for end in both.ends] == ["alice", "bob"]
    charge = Accusation(node="b", kind="two-votes", epoch=1, subject="")
    other = Accusation(node="a", kind="impossible-claim", epoch=1, subject="a-b")
    assert report(3, accusations=(other, charge)).accusations == (other, charge)
    for wrong in (
        {"ends": both.ends[::-1]},
        {"ends": both.ends[:1] * 2},
        {"late": ("b", "a")},
        {"late": ("a", "a")},
        {"accusations": (charge, other)},
    ):
        with pytest.raises(ValidationError, match="must be sorted and unique"):
            NodeReport(**(both.model_dump() | wrong))


def test_nodes_of_a_link_are_its_ends_and_its_relay() -> None:
    known = facts(alice="a", bob="b")
    assert (known.nodes, known.node("alice"), known.node("bob")) == (("a", "b"), "a", "b")
    assert facts(alice="a", bob="b", relay="m").nodes == ("a", "b", "m")


def test_unknown_and_missing_fields_are_refused() -> None:
    plain = REPORT.to_plain()
    with pytest.raises(ValidationError, match="extra"):
        NodeReport(**(plain | {"extra": 1}))
    del plain["epoch"]
    with pytest.raises(ValidationError, match="epoch"):
        NodeReport(**plain)


def test_records_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PLAN.epoch = 4  # type: ignore[misc]


def test_table_names_its_links_once_in_order() -> None:
    with pytest.raises(ValidationError, match="sorted by name and unique"):
        LinkTable(epoch_ms=1_000, links=(facts("b"), facts("a")))
    with pytest.raises(ValidationError, match="sorted by name and unique"):
        LinkTable(epoch_ms=1_000, links=(facts("a"), facts("a")))


def test_lookup_says_what_there_is() -> None:
    assert table().of("alice-bob") == facts()
    with pytest.raises(KeyError, match="no link 'x' in the table, only alice-bob"):
        table().of("x")
    assert facts().protocol("tf") is None
    found = facts().protocol("bb84")
    assert found is not None
    assert found.qber_limit_ppm == 90_000


def test_policy_is_a_digest_or_the_name_of_a_baseline() -> None:
    for policy in ("hold", "a" * 64):
        assert PLAN.model_validate(PLAN.model_dump() | {"policy": policy}).policy == policy
    for policy in ("", "Rule Based", "a" * 63 + "G"):
        with pytest.raises(ValidationError):
            PLAN.model_validate(PLAN.model_dump() | {"policy": policy})


def test_a_report_speaks_of_no_more_and_no_longer_paths_than_it_has_room_for() -> None:
    path = tuple(f"n{number:02}" for number in range(MOST_NODES))
    views = [
        RelayView(key=f"d/1/7/{number}", path=path, position=0, before="", after="00" * 16, announced=("",) * 38)
        for number in range(5)
    ]
    assert len(report(3, node="n00", relays=tuple(views[:4])).relays) == 4
    with pytest.raises(ValidationError, match="160 nodes together, not 200"):
        report(3, node="n00", relays=tuple(views))
