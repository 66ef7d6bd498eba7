"""The hash chain, as values."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qkdctl.store.chain import NO_HASH, Break, Entry, verify
from qkdctl.store.errors import DamagedEntryError


def chain(length: int) -> list[Entry]:
    entries = [Entry.create(0, 1000, "genesis", {"ledger": "x"}, NO_HASH)]
    for number in range(1, length):
        entries.append(Entry.create(number, 1000 + number, "decision", {"epoch": number}, entries[-1].hash))
    return entries


def changed(entry: Entry, **members: object) -> Entry:
    return Entry.from_plain({**entry.to_plain(), **members})


def test_the_hash_can_be_computed_with_the_standard_library() -> None:
    entry = Entry.create(7, 1234, "operator", {"order": ["hold", 1], "link": "a"}, "ab" * 32)
    plain = entry.to_plain()
    digest = plain.pop("hash")
    assert digest == hashlib.sha256(json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_a_sound_chain_verifies_as_a_whole_and_from_any_trusted_entry() -> None:
    entries = chain(5)
    assert verify(entries) is None
    assert verify(entries[3:], after=entries[2]) is None
    assert verify(Entry.from_plain(json.loads(json.dumps(entry.to_plain()))) for entry in entries) is None


@pytest.mark.parametrize(
    ("entries", "sequence", "reason"),
    [
        ([], 0, "no genesis"),
        (chain(5)[1:], 0, "expected entry 0"),
        (chain(5)[:2] + chain(5)[3:], 2, "expected entry 2, found entry 3"),
        ([*chain(5)[:4], changed(chain(5)[4], payload={"epoch": 5})], 4, "hash does not match"),
        ([*chain(5)[:4], changed(chain(5)[4], payload={"epoch": 4.0})], 4, "no canonical encoding"),
        ([*chain(5)[:2], Entry.create(2, 0, "decision", {}, "0" * 64)], 2, "not the hash of the entry before"),
        ([*chain(2), Entry.create(2, 0, "genesis", {}, chain(2)[1].hash)], 2, "cannot stand here"),
        ([Entry.create(0, 0, "start", {}, NO_HASH)], 0, "cannot stand here"),
    ],
)
def test_the_first_break_is_named(entries: list[Entry], sequence: int, reason: str) -> None:
    found = verify(entries)
    assert isinstance(found, Break)
    assert found.sequence == sequence
    assert reason in found.reason


@given(st.data())
def test_no_changed_member_goes_unnoticed(data: st.DataObject) -> None:
    entries = chain(6)
    place = data.draw(st.integers(0, 5))
    name, value = data.draw(
        st.one_of(
            st.tuples(st.just("wall_ms"), st.integers()),
            st.tuples(st.just("kind"), st.sampled_from(["start", "stop", "alarm"])),
            st.tuples(st.just("payload"), st.dictionaries(st.text(), st.integers())),
            st.tuples(st.just("hash"), st.text("0123456789abcdef", min_size=64, max_size=64)),
        )
    )
    if entries[place].to_plain()[name] == value:
        return
    entries[place] = changed(entries[place], **{name: value})
    found = verify(entries)
    assert found is not None
    assert found.sequence in (place, place + 1)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of alarm, calibration"):
        Entry.create(1, 0, "guess", {}, NO_HASH)


def test_an_incomplete_export_line_is_refused() -> None:
    with pytest.raises(DamagedEntryError, match="ledger entry 3: payload is no dict"):
        Entry.from_plain({"sequence": 3, "wall_ms": 1, "kind": "start", "payload": "x"})
