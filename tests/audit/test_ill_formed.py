"""Whatever stands in a ledger or an export, an audit ends with a finding."""

import gzip
import random
from pathlib import Path
from typing import Any

import pytest

from qkdctl.audit.export import read_export, write_export
from qkdctl.audit.verification import verify_ledger
from qkdctl.store.set_points import payload_with
from tests.audit.ledgers import EPOCHS, SET_POINTS, Json, chained, description, forged, sound


@pytest.mark.parametrize("outcome", [5, [1, 2], "abc", [["a"]], []])
def test_an_outcome_of_another_kind_is_a_finding(outcome: Any) -> None:
    def change(payload: Json) -> None:
        payload["value"]["outcome"] = outcome

    for described in (None, description()):
        broken = verify_ledger(forged(2, change), described).broken
        assert broken is not None
        assert (broken.sequence, broken.reason) == (2, "it holds no decision: its outcome is no object")


def test_a_packed_export_in_which_a_bit_was_turned_is_damage_or_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl.gz"
    write_export(path, sound())
    whole = path.read_bytes()
    assert gzip.decompress(whole)
    rng = random.Random(1)
    for place in rng.sample(range(10, len(whole) - 8), 150):
        damaged = bytearray(whole)
        damaged[place] ^= 0x55
        path.write_bytes(damaged)
        assert verify_ledger(read_export(path), None).broken is not None, place


def test_set_points_beside_a_decision_are_said_not_to_be_checked() -> None:
    def heated(payload: Json) -> None:
        payload |= payload_with({}, {("laser", "current_a"): 99})

    found = verify_ledger(forged(2, heated), description())
    assert (found.broken, found.recomputed, found.unchecked) == (None, EPOCHS, [SET_POINTS])


def test_a_decision_has_no_other_members() -> None:
    def remarked(payload: Json) -> None:
        payload["remark"] = "approved by all"

    broken = verify_ledger(forged(2, remarked), description()).broken
    assert broken is not None
    assert (broken.sequence, broken.reason) == (2, "a decision has no member remark")


def test_a_ledger_without_decisions_has_no_set_points_to_check() -> None:
    assert verify_ledger(chained([]), description()).unchecked == []
