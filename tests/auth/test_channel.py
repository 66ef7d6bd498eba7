"""What one node seals the other opens once, and nothing else."""

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from qkdctl.auth import outgoing
from qkdctl.auth.authenticator import Authenticator
from qkdctl.auth.channel import LEAP_MOST
from qkdctl.auth.errors import (
    Downgraded,
    Duplicate,
    Forged,
    Greeting,
    KeyAwaited,
    KeyMissing,
    Malformed,
    OverBudget,
    Refused,
    Replayed,
)
from qkdctl.auth.header import MOST_PAYLOAD, POSITION_MAX, Header, Mode
from qkdctl.auth.key_ring import MOST_ASKED
from qkdctl.auth.ledger import Mark, MemoryLedger, SupersededError
from qkdctl.auth.levels import Kind, Way
from qkdctl.auth.limits import Limits
from qkdctl.keys.base import KeySourceError
from qkdctl.keys.hub import HubSource, KeyHub
from qkdctl.keys.pair_file import create_pair_files
from qkdctl.keys.pair_source import PairSource
from tests.auth.pair import Pair

pytestmark = pytest.mark.asyncio


class Broken(HubSource):
    """Gives nothing that was asked for by number, for a while."""

    is_broken = True

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        if self.is_broken:
            raise KeySourceError("out of order")
        return await super().fetch(peer, ids)


class CountingLedger(MemoryLedger):
    def __init__(self) -> None:
        super().__init__()
        self.stored: list[Mapping[str, Mark]] = []

    async def store(self, session: bytes, marks: Mapping[str, Mark]) -> None:
        await super().store(session, marks)
        self.stored.append(marks)


async def met(limits: Limits | None = None, hub: KeyHub | None = None) -> Pair:
    pair = Pair.on_hub(hub or KeyHub(), limits)
    await pair.meet()
    return pair


def bits(pair: Pair) -> int:
    return pair.a.auth.figures("b").sent_bits


async def test_a_tag_costs_128_bits_and_saying_it_again_nothing() -> None:
    pair = await met()
    before = bits(pair)
    first = await pair.a.say(b"vote")
    assert bits(pair) == before + 128
    for _ in range(10):
        assert await pair.a.say(b"vote") == first
    assert bits(pair) == before + 128
    assert pair.a.auth.figures("b").retransmissions == 10
    assert await pair.a.say(b"other") != first
    assert bits(pair) == before + 256


async def test_both_ends_count_the_same_key() -> None:
    pair = await met()
    before = pair.b.auth.figures("a").received_bits
    for number in range(20):
        assert pair.b.hear(await pair.a.say(b"%d" % number)) == b"%d" % number
        await pair.a.refill()
        await pair.b.refill()
    assert pair.b.auth.figures("a").received_bits - before == 20 * 128


async def test_a_packet_is_handed_on_once_and_its_double_is_no_attack() -> None:
    pair = await met()
    sealed = await pair.a.say(b"vote")
    assert pair.b.hear(sealed) == b"vote"
    assert pair.b.hear(sealed) is Duplicate
    figures = pair.b.auth.figures("a")
    assert (figures.accepted, figures.duplicates, figures.forged, figures.replayed) == (1, 1, 0, 0)


async def test_every_bit_of_a_packet_is_covered() -> None:
    pair = await met()
    sealed = await pair.a.say(b"vote")
    assert sealed is not None
    for place in range(len(sealed)):
        for bit in (1, 128):
            changed = bytearray(sealed)
            changed[place] ^= bit
            assert isinstance(pair.b.hear(bytes(changed)), type), f"byte {place} can be changed"
    for length in range(0, len(sealed), 7):
        assert isinstance(pair.b.hear(sealed[:length]), type)
    assert pair.b.got == []
    assert pair.b.hear(sealed) == b"vote", "failed attempts use up neither pad nor position"


async def test_what_goes_one_way_is_not_accepted_the_other_way() -> None:
    pair = await met()
    assert pair.a.hear(await pair.a.say(b"vote")) in (KeyAwaited, KeyMissing, Forged)
    await pair.a.refill()
    assert pair.a.got == []


async def test_packets_may_come_in_any_order() -> None:
    pair = await met()
    sealed = [await pair.a.say(b"%d" % number) for number in range(12)]
    for packet in reversed(sealed):
        pair.b.hear(packet)
        await pair.b.refill()
    assert sorted(pair.b.got, key=int) == [b"%d" % number for number in range(12)]


async def test_a_text_under_a_used_position_is_refused() -> None:
    pair = await met()
    sealed = await pair.a.say(b"vote")
    assert sealed is not None
    pair.b.hear(sealed)
    assert pair.b.hear(sealed[:-17] + b"x" + sealed[-16:]) is Replayed


async def test_positions_older_than_the_window_are_refused_and_memory_is_bounded() -> None:
    pair = await met(Limits(window=16))
    old = await pair.a.say(b"old")
    for number in range(100):
        assert pair.b.hear(await pair.a.say(b"%d" % number)) == b"%d" % number
        for sender, receiver in pair.ways():
            await sender.refill()
            await receiver.refill()
            sender.auth.renew_budget()
    assert pair.b.hear(old) is Replayed
    incoming = pair.b.auth._channels["a"].incoming
    assert len(incoming._window) <= 32
    assert len(incoming.keys) <= 16 + 4 + 16 + 4 + 64


async def test_announced_keys_are_fetched_before_they_are_needed() -> None:
    pair = await met()
    awaited = pair.b.auth.figures("a").awaited
    for number in range(200):
        pair.a.auth.renew_budget()
        pair.b.auth.renew_budget()
        assert pair.b.hear(await pair.a.say(b"%d" % number)) == b"%d" % number
        await pair.a.refill()
        await pair.b.refill()
        pair.a.hear(await pair.b.say(b"%d" % number))
        await pair.b.refill()
        await pair.a.refill()
    assert pair.b.auth.figures("a").awaited == awaited
    assert pair.a.auth.level("b").kind is Kind.ITS


async def test_made_up_key_numbers_are_few_and_displace_nothing() -> None:
    pair = await met()
    sealed = await pair.a.say(b"vote")
    assert sealed is not None
    header = Header.decode(sealed)[0]
    for number in range(1000):
        junk = Header(Mode.ONE_TIME, header.session, header.echo, 900 + number, 0, 0, number.to_bytes(16, "little"))
        assert pair.b.hear(junk.encode() + b"junk" + bytes(16)) in (KeyAwaited, KeyMissing)
    assert len(pair.b.auth._channels["a"].incoming.keys.missing()) <= MOST_ASKED
    for _ in range(3):
        await pair.b.refill()
    assert not pair.b.auth.wants("a")
    assert pair.b.hear(sealed) == b"vote"


class Stumbling(HubSource):
    """Fails at a number that it does not know, as key managers do that have their own words for it."""

    async def fetch(self, peer: str, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        if any((peer, self._node, number) not in self._hub._issued for number in ids):
            raise KeySourceError("400: never heard of it")
        return await super().fetch(peer, ids)


def made_up(number: int, echo: bytes = bytes(16)) -> bytes:
    """A packet that anybody can make."""
    header = Header(Mode.HMAC, b"nobody's process", echo, 1, 0, 0, number.to_bytes(16, "little"))
    return header.encode() + bytes(32)


async def test_a_made_up_key_number_at_which_the_source_fails_keeps_nobody_from_meeting() -> None:
    hub = KeyHub()
    pair = Pair.on_hub(hub)
    pair.a.source = Stumbling(hub, "a")
    await pair.start()
    assert pair.a.hear(made_up(1)) is KeyAwaited
    with pytest.raises(KeySourceError, match="never heard"):
        await pair.a.refill()
    assert await pair.a.say(b"hello") is not None, "keys to send with have come"
    await pair.b.refill()
    assert pair.a.hear(await pair.b.say(b"hello")) is KeyAwaited
    with suppress(KeySourceError):
        await pair.a.refill()
    assert pair.a.refused[-1] is Greeting, "the other's packet was read"
    for _ in range(2):
        with suppress(KeySourceError):
            await pair.a.refill()
    assert not pair.a.auth.wants("b"), "what failed a few times is given up"
    await pair.settle()
    assert pair.a.hear(await pair.b.say(b"vote")) == b"vote"
    assert pair.b.hear(await pair.a.say(b"vote")) == b"vote"


async def test_keys_that_were_announced_come_although_the_source_fails_at_a_made_up_number() -> None:
    hub = KeyHub()
    pair = Pair.on_hub(hub)
    pair.b.source = Stumbling(hub, "b")
    await pair.meet()
    awaited = pair.b.auth.figures("a").awaited
    for number in range(60):
        pair.b.hear(made_up(number + 1))
        with suppress(KeySourceError):
            await pair.b.refill()
        assert pair.b.hear(await pair.a.say(b"%d" % number)) == b"%d" % number
        pair.a.auth.renew_budget()
        await pair.a.refill()
    assert pair.b.auth.figures("a").awaited - awaited <= 60, "only what was made up"


async def test_a_number_at_which_the_source_failed_may_be_asked_for_again() -> None:
    hub = KeyHub()
    pair = Pair.on_hub(hub)
    pair.b.source = Broken(hub, "b")
    await pair.start()
    await pair.a.refill()
    greeting = await pair.a.say(b"hello")
    for _ in range(4):
        assert pair.b.hear(greeting) is KeyAwaited
        for _ in range(3):
            with pytest.raises(KeySourceError):
                await pair.b.refill()
    pair.b.source.is_broken = False
    pair.b.hear(greeting)
    await pair.settle()
    assert pair.b.hear(await pair.a.say(b"vote")) == b"vote"


async def test_a_peer_that_lies_about_positions_does_not_move_the_marks_out_of_reach() -> None:
    pair = await met()
    before = pair.a.auth._channels["b"].mark
    liar = pair.b.auth._channels["a"]
    truth = liar.outgoing.position, liar.incoming.heard
    for position, heard in ((POSITION_MAX - 2, truth[1]), (truth[0], POSITION_MAX - 1)):
        liar.outgoing.position, liar.incoming.heard = position, heard
        assert pair.a.hear(await pair.b.say(b"%d" % position)) is Malformed
    assert pair.a.auth._channels["b"].mark == before
    pair.b.ledger = MemoryLedger()
    await pair.b.start()
    await pair.settle(1)
    pair.a.hear(await pair.b.say(b"hello"))
    await pair.settle()
    for sender, receiver in pair.ways():
        receiver.hear(await sender.say(b"reformed"))
        await pair.settle()
        assert receiver.got == [b"reformed"]


async def test_a_new_store_believes_what_years_of_traffic_and_some_lies_have_made_of_the_marks() -> None:
    pair = Pair.on_hub(KeyHub())
    pair.a.ledger = MemoryLedger({"b": Mark(5 * LEAP_MOST, 9 * LEAP_MOST)})
    await pair.meet()
    assert pair.a.hear(await pair.b.say(b"back")) == b"back"
    assert pair.b.hear(await pair.a.say(b"welcome")) == b"welcome"


async def test_leaps_in_greetings_count_against_the_budget() -> None:
    pair = await met(Limits(tags=4))
    for each, _ in pair.ways():
        each.auth.renew_budget()
    channel, liar = pair.a.auth._channels["b"], pair.b.auth._channels["a"]
    start = channel.outgoing.position
    liar.outgoing._toward = b"an older process"
    for number in range(1, 40):
        pair.b.auth.renew_budget()
        await pair.b.refill()
        liar.incoming.heard = channel.outgoing.position + LEAP_MOST
        pair.a.hear(await pair.b.say(b"%d" % number))
        with suppress(KeySourceError):
            await pair.a.refill()
    assert channel.outgoing.position == start + 8 * LEAP_MOST


async def test_a_peer_gets_at_most_64_tags_between_two_renewals() -> None:
    pair = await met(Limits(stock=256))
    for sender, _ in pair.ways():
        sender.auth.renew_budget()
    sent = []
    for number in range(200):
        await pair.a.refill()
        sent.append(await pair.a.say(b"%d" % number))
    assert [packet is not None for packet in sent] == [True] * 64 + [False] * 136
    pair.a.auth.renew_budget()
    assert await pair.a.say(b"next") is not None


async def test_a_peer_that_sends_without_end_is_cut_short() -> None:
    pair = await met(Limits(tags=8))
    pair.b.auth.renew_budget()
    heard = []
    for number in range(40):
        pair.a.auth.renew_budget()
        heard.append(pair.b.hear(await pair.a.say(b"%d" % number)))
        await pair.a.refill()
        await pair.b.refill()
    assert heard.count(OverBudget) == 40 - 16
    pair.b.auth.renew_budget()
    pair.a.auth.renew_budget()
    assert pair.b.hear(await pair.a.say(b"next")) == b"next"


async def test_drained_pads_fall_back_to_hmac_and_the_level_says_so() -> None:
    hub = KeyHub()
    pair = await met(Limits(reserve_bits=1024), hub)
    assert str(pair.a.auth.level("b")) == "its"
    hub.supply("a", "b", 1024)
    for number in range(30):
        await pair.a.refill()
        assert pair.b.hear(await pair.a.say(b"%d" % number)) == b"%d" % number
        await pair.b.refill()
    assert str(pair.a.auth.level("b")) == str(pair.b.auth.level("a")) == "computational"
    assert pair.a.auth.pads("b") == 0
    assert pair.a.auth.figures("b").hmac_tags == pair.b.auth.figures("a").accepted_hmac > 0
    assert hub.left_bits("a", "b") == 1024, "the reserve is left for other uses"
    hub.supply("a", "b", 100_000)
    await pair.a.refill()
    assert pair.b.hear(await pair.a.say(b"again")) is KeyAwaited
    await pair.b.refill()
    assert pair.b.got[-1] == b"again"
    assert str(pair.a.auth.level("b")) == str(pair.b.auth.level("a")) == "its"


async def test_without_fallback_drained_pads_mean_silence_and_hmac_is_refused() -> None:
    hub = KeyHub()
    weak = await met(Limits(reserve_bits=0), hub)
    strict = await met(Limits(reserve_bits=0, fallback=False))
    for pair in (weak, strict):
        pair.a.source._hub.supply("a", "b", 0)  # type: ignore[attr-defined]
        while pair.a.auth.pads("b"):
            await pair.a.say(b"%d" % pair.a.auth.pads("b"))
    assert await strict.a.say(b"vote") is None
    assert strict.a.auth.level("b").kind is Kind.NONE
    weak.b.auth._channels["a"].incoming._accepts_hmac = False
    assert weak.b.hear(await weak.a.say(b"vote")) is Downgraded


async def test_no_more_pads_than_256_run_ahead_of_what_the_peer_acknowledged() -> None:
    pair = await met(Limits(tags=1000, ahead=32))
    modes = []
    for number in range(40):
        sealed = await pair.a.say(b"%d" % number)
        assert sealed is not None
        modes.append(Header.decode(sealed)[0].mode)
        await pair.a.refill()
    assert modes == sorted(modes), "one-time tags first"
    assert modes.count(Mode.ONE_TIME) <= 32
    pair.b.hear(await pair.a.say(b"last"))
    pair.a.hear(await pair.b.say(b"heard it"))
    sealed = await pair.a.say(b"next")
    assert sealed is not None
    assert Header.decode(sealed)[0].mode is Mode.ONE_TIME


async def test_the_secret_is_renewed_without_a_gap() -> None:
    pair = await met(Limits(chapter=16))
    chapters = set()
    for number in range(64):
        pair.a.auth.renew_budget()
        pair.b.auth.renew_budget()
        sealed = await pair.a.say(b"%d" % number)
        assert sealed is not None
        chapters.add(Header.decode(sealed)[0].chapter)
        assert pair.b.hear(sealed) == b"%d" % number
        await pair.a.refill()
        await pair.b.refill()
    assert 4 <= len(chapters) <= 5


@pytest.mark.parametrize("restarted", ["a", "b"])
async def test_after_a_restart_of_either_end_old_packets_are_dead_and_new_ones_get_through(restarted: str) -> None:
    pair = await met()
    late = {end.name: await end.say(b"late") for end in (pair.a, pair.b)}
    end, other = (pair.a, pair.b) if restarted == "a" else (pair.b, pair.a)
    await end.start()
    await end.refill()
    assert await end.say(b"lost") is not None
    other.hear(await end.say(b"lost"))
    await pair.settle()
    assert end.auth.session_of(other.name) is not None
    assert other.hear(await end.say(b"back")) == b"back"
    assert end.hear(await other.say(b"welcome")) == b"welcome"
    for sender, receiver in pair.ways():
        assert isinstance(receiver.hear(late[sender.name]), type)
        await receiver.refill()
    assert b"late" not in pair.a.got + pair.b.got
    assert str(pair.a.auth.level("b")) == "its"


async def test_a_late_packet_does_not_bring_back_a_dead_process() -> None:
    pair = await met()
    late = await pair.a.say(b"late")
    await pair.a.start()
    await pair.a.refill()
    pair.b.hear(await pair.a.say(b"x"))
    await pair.settle()
    assert pair.b.hear(await pair.a.say(b"new")) == b"new"
    session = pair.b.auth.session_of("a")
    assert isinstance(pair.b.hear(late), type)
    await pair.b.refill()
    assert pair.b.auth.session_of("a") == session


async def test_a_late_packet_that_can_still_be_read_does_not_either(tmp_path: Path) -> None:
    paths = (tmp_path / "a", tmp_path / "b")
    create_pair_files(paths, ("a", "b"), 500)
    async with PairSource("a", {"b": paths[0]}) as a, PairSource("b", {"a": paths[1]}) as b:
        pair = Pair.on_files(a, b)
        await pair.start()
        await pair.settle(1)
        assert pair.a.auth.level("b").kind is Kind.COMPUTATIONAL, "nothing is known of the peer's mark yet"
        pair.b.hear(await pair.a.say(b"hello"))
        await pair.settle(1)
        late = await pair.a.say(b"late")
        assert late is not None
        await pair.a.start()
        await pair.a.refill()
        pair.a.hear(await pair.b.say(b"hello"))
        await pair.a.refill()
        assert pair.b.hear(await pair.a.say(b"new")) == b"new"
        assert Header.decode(late)[0].mode is Mode.HMAC, "its key is the same as ever"
        assert pair.b.hear(late) is Replayed
        await pair.settle()
        assert pair.b.hear(await pair.a.say(b"newer")) == b"newer"
        assert pair.a.auth.level("b").kind is Kind.ITS


async def test_a_peer_that_starts_without_end_is_heeded_a_few_times_per_epoch() -> None:
    pair = await met()
    pair.b.auth.renew_budget()
    wasted = pair.b.auth.figures("a").wasted_bits
    for _ in range(10):
        await pair.a.start()
        await pair.a.refill()
        pair.b.hear(await pair.a.say(b"x"))
        await pair.b.refill()
    assert pair.b.refused.count(Greeting) == Limits().answers
    assert pair.b.refused.count(OverBudget) == 10 - Limits().answers
    assert pair.b.auth.figures("a").wasted_bits - wasted <= Limits().answers * 24 * 128
    pair.b.auth.renew_budget()
    pair.b.hear(await pair.a.say(b"x"))
    await pair.settle()
    assert pair.b.hear(await pair.a.say(b"back")) == b"back"


async def test_a_secret_is_not_used_beyond_its_tags_even_if_no_new_one_comes() -> None:
    pair = await met(Limits(chapter=8))
    sealed = [await pair.a.say(b"%d" % number) for number in range(20)]
    chapters = [Header.decode(packet)[0].chapter for packet in sealed if packet is not None]
    assert sealed[-1] is None
    assert all(chapters.count(chapter) <= 8 for chapter in chapters)


async def test_a_restored_store_is_seen_by_the_peers() -> None:
    pair = await met()
    old = pair.a.backup()
    known = old.marks["b"].sent
    for number in range(5):
        pair.b.hear(await pair.a.say(b"%d" % number))
    for ledger, seen in ((pair.a.backup(), frozenset[str]()), (old, frozenset({"b"}))):
        pair.a.ledger = ledger
        await pair.a.start()
        await pair.a.refill()
        pair.b.hear(await pair.a.say(b"x"))
        await pair.settle()
        assert pair.a.auth.in_step("b")
        assert pair.a.auth.seen_further() == seen
    position = pair.a.auth._channels["b"].mark.sent
    assert position > known + 5, "positions go on behind what the peer has seen"


async def test_a_process_learns_from_its_peer_that_a_copy_of_it_runs(tmp_path: Path) -> None:
    paths = (tmp_path / "a", tmp_path / "b")
    create_pair_files(paths, ("a", "b"), 500)
    async with PairSource("a", {"b": paths[0]}) as a, PairSource("b", {"a": paths[1]}) as b:
        pair = Pair.on_files(a, b)
        await pair.meet()
        original = replace(pair.a, got=[], refused=[])
        shutil.copy(paths[0], tmp_path / "copy")
        async with PairSource("a", {"b": tmp_path / "copy"}) as copied:
            pair.a.source, pair.a.ledger = copied, pair.a.backup()
            await pair.a.start()
            await pair.settle(1)
            pair.b.hear(await pair.a.say(b"x"))
            await pair.settle()
            assert pair.b.hear(await pair.a.say(b"from the copy")) == b"from the copy"
            assert pair.a.auth.overtaken() == frozenset(), "what the peer has seen was told at the first meeting"
            original.hear(await pair.b.say(b"to the copy"))
            await original.refill()
            assert original.refused[-1] is Greeting
            assert original.auth.overtaken() == {"b"}


async def test_what_this_process_sent_before_a_peer_answered_is_not_taken_for_an_older_one() -> None:
    pair = await met()
    for number in range(20):
        pair.b.hear(await pair.a.say(b"%d" % number))
        pair.a.hear(await pair.b.say(b"%d" % number))
    assert pair.a.auth.seen_further() == pair.b.auth.seen_further() == frozenset()


async def test_a_repetition_shows_what_it_repeats_for_the_peer_may_still_wait_for_an_answer() -> None:
    pair = await met()
    sealed = await pair.a.say(b"once")
    assert pair.b.hear(sealed) == b"once"
    with pytest.raises(Duplicate) as repetition:
        pair.b.auth.open("a", sealed or b"")
    assert repetition.value.payload == b"once"


async def test_a_second_process_on_one_store_silences_the_first() -> None:
    pair = await met()
    first = pair.a.auth
    await pair.a.start()
    with pytest.raises(SupersededError, match="another process"):
        await first.seal({"b": b"vote"})


async def test_nothing_leaves_when_the_mark_cannot_be_stored_and_its_pad_is_never_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pair = await met()
    pads: list[bytes] = []
    made = outgoing.poly1305.tag
    monkeypatch.setattr(outgoing.poly1305, "tag", lambda secret, pad, text: pads.append(pad) or made(secret, pad, text))
    session, pair.a.ledger.session = pair.a.ledger.session, b"other"
    with pytest.raises(SupersededError):
        await pair.a.say(b"vote")
    pair.a.ledger.session = session
    assert await pair.a.say(b"vote") is not None
    assert len(set(pads)) == len(pads) == 2


@pytest.mark.parametrize(("peer", "payload"), [("c", b"x"), ("b", b""), ("b", bytes(MOST_PAYLOAD + 1))])
async def test_what_cannot_be_sealed_is_refused_before_any_key_is_used(peer: str, payload: bytes) -> None:
    pair = await met()
    before = bits(pair)
    with pytest.raises(ValueError, match=r"no peer|can be sealed"):
        await pair.a.auth.seal({"b": b"good", peer: payload})
    assert bits(pair) == before


async def test_the_largest_payload_gets_through_and_nothing_larger_is_read() -> None:
    pair = await met()
    sealed = await pair.a.say(bytes(MOST_PAYLOAD))
    assert sealed is not None
    assert len(sealed) <= 65_536 + 16
    assert pair.b.hear(sealed) == bytes(MOST_PAYLOAD)
    assert pair.b.hear(bytes(70_000)) is Malformed
    with pytest.raises(Refused, match="no peer"):
        pair.b.auth.open("c", sealed)


async def test_one_flush_stores_once_for_all_peers() -> None:
    hub, ledger = KeyHub(), CountingLedger()
    auth = await Authenticator.start({"b": Way(), "c": Way()}, hub.source("a"), ledger)
    for peer in auth.peers:
        await auth.refill(peer)
    sealed = await auth.seal({"b": b"vote", "c": b"vote"})
    assert sealed.keys() == {"b", "c"}
    assert await auth.seal({"b": b"vote", "c": b"vote"}) == sealed
    first = Limits().ahead + 1
    assert ledger.stored == [{"b": Mark(sent=first), "c": Mark(sent=first)}]


async def test_a_greeting_is_no_payload() -> None:
    pair = Pair.on_hub(KeyHub())
    await pair.start()
    await pair.a.refill()
    sealed = await pair.a.say(b"secret plan")
    assert sealed is not None
    assert b"secret plan" not in sealed
    assert pair.b.hear(sealed) is KeyAwaited
    await pair.b.refill()
    assert pair.b.refused[-1] is Greeting
