"""What a node does with the files it is given, and what it still knows after a crash."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from qkdctl.library import library as library_module
from qkdctl.library import room
from qkdctl.library.card import Card
from qkdctl.library.following import Situation
from qkdctl.library.lifecycle import LifecycleError
from qkdctl.library.room import KEPT
from qkdctl.library.shadows import MOST
from qkdctl.library.shelf import Shelf
from qkdctl.policy.canary import Canary
from qkdctl.policy.failure import PolicyRejected
from tests.library.hostile import flipped
from tests.library.shelved import KEY, OTHER, Shelved, code_of, manifest, policy, sha256

pytestmark = pytest.mark.usefixtures("trials_in_this_process")


async def left_half_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Shelved:
    """Power fails while a file is vetted."""
    shelf = Shelved(folder)
    library = await shelf.open()

    async def power_fails(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(library_module, "admit", power_fails)
        with pytest.raises(KeyboardInterrupt):
            await library.stage(policy(), None, "night", "me")
    return shelf


@pytest.mark.asyncio
async def test_a_file_that_was_taken_in_is_there_after_a_restart(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    first = await shelf.open()
    card = await first.stage(policy(), None, "night", "uid 7")
    assert (card.life.stage, card.manifest.version, shelf.steps) == ("vetted", 1, ["stage", "pass"])
    second = await shelf.open()
    assert second.cards == first.cards
    assert second.policies.keys() == {sha256(policy())}
    assert await second.read(second.resolve("night")) == policy()
    assert shelf.complaints == []


@pytest.mark.asyncio
async def test_a_crash_while_vetting_is_made_good_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = await left_half_way(tmp_path, monkeypatch)
    (tmp_path / "policies" / "half.onnx.partial").write_bytes(b"ha")
    again = await shelf.open()
    assert again.cards[sha256(policy())].life.stage == "vetted"
    assert shelf.files() == {f"{sha256(policy())}.{end}" for end in ("json", "onnx")}


@pytest.mark.asyncio
async def test_a_file_that_rotted_is_rejected_at_the_start_and_the_others_stay(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    for seed in (1, 2):
        await library.stage(policy(seed), None, f"p{seed}", "me")
    path = tmp_path / "policies" / f"{sha256(policy(1))}.onnx"
    path.write_bytes(flipped(policy(1), 8 * 400))
    (tmp_path / "policies" / f"{'0' * 64}.json").write_text("{")
    again = await shelf.open()
    assert again.policies.keys() == {sha256(policy(2))}
    assert again.cards[sha256(policy(1))].life.code == "digest"
    assert [complaint.split(":")[0][-20:] for complaint in shelf.complaints] == ["0" * 15 + ".json", "policy p1"]


@pytest.mark.asyncio
async def test_one_flipped_bit_is_refused_against_the_manifest(tmp_path: Path) -> None:
    library = await Shelved(tmp_path).open()
    for bit in range(0, 8 * len(policy()), 997):
        assert await code_of(library, flipped(policy(), bit), manifest(policy())) == "digest"
    assert library.cards == {}


@pytest.mark.asyncio
async def test_with_trusted_keys_only_what_they_signed_is_taken(tmp_path: Path) -> None:
    library = await Shelved(tmp_path, keys=True).open()
    data = policy()
    assert await code_of(library, data, None) == "unsigned"
    assert await code_of(library, data, manifest(data)) == "unsigned"
    assert await code_of(library, data, manifest(data).signed("stranger", OTHER)) == "signature"
    assert await code_of(library, data, manifest(data).signed("release", OTHER)) == "signature"
    signed = manifest(data).signed("release", KEY)
    assert await code_of(library, data, signed.model_copy(update={"version": 9})) == "signature"
    assert (await library.stage(data, signed, "", "me")).manifest.signer == "release"


@pytest.mark.asyncio
async def test_a_manifest_is_good_for_its_file_and_its_time_only(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path, keys=True)
    library = await shelf.open()
    old, new, newer = policy(1), policy(2), policy(3)
    of_old = manifest(old, 4).signed("release", KEY)
    of_new = manifest(new, 5).signed("release", KEY)
    await library.stage(new, of_new, "", "me")
    shelf.situation = replace(shelf.situation, policy=sha256(new))
    assert await code_of(library, newer, of_new) == "digest"
    assert await code_of(library, old, of_old) == "version"
    assert await code_of(library, newer, manifest(newer, 5).signed("release", KEY)) == "version"
    await library.stage(newer, manifest(newer, 6).signed("release", KEY), "", "me")


@pytest.mark.asyncio
async def test_a_key_that_is_trusted_no_more_takes_its_policies_along(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    await library.stage(policy(), None, "night", "me")
    shelf.keys = True
    again = await shelf.open()
    assert again.policies == {}
    assert again.cards[sha256(policy())].life.code == "unsigned"


@pytest.mark.asyncio
async def test_cards_follow_what_the_network_decides(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    one, two = [(await library.stage(policy(seed), None, f"p{seed}", "me")).manifest.sha256 for seed in (1, 2)]

    async def stages(policy_in_force: str, *rolled_back: str) -> list[str]:
        shelf.situation = Situation(7, policy_in_force, rolled_back=rolled_back)
        await library.follow()
        assert not library.is_behind()
        return [library.cards[sha].life.stage for sha in (one, two)]

    assert await stages("rule-based") == ["vetted", "vetted"]
    assert await stages(one) == ["active", "vetted"]
    assert await stages(two) == ["retired", "active"]
    assert await stages(one, two) == ["active", "rolled-back"]
    assert await stages("0" * 64) == ["retired", "rolled-back"]


@pytest.mark.asyncio
async def test_a_file_that_is_gone_is_rejected_and_staging_it_again_makes_all_good(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    lost = (await library.stage(policy(), None, "night", "me")).manifest.sha256
    both = Canary(base="rule-based", policy=lost, links=("a-b",), until=9)
    await library.combine(both, "night-canary", "me")
    (tmp_path / "policies" / f"{lost}.onnx").unlink()
    library = await shelf.open()
    assert (library.cards[lost].life.code, library.policies, len(shelf.complaints)) == ("missing", {}, 2)
    with pytest.raises(KeyError, match=lost):
        await library.combine(both, "night-canary", "me")
    await library.stage(policy(), None, "night", "me")
    assert library.policies.keys() == {lost, both.digest()}


@pytest.mark.asyncio
async def test_what_could_not_be_tried_or_written_down_can_be_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()

    async def no_processes(*_: object) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(library_module, "admit", no_processes)
        with pytest.raises(BlockingIOError):
            await library.stage(policy(), None, "night", "me")
    tried = (await library.stage(policy(), None, "night", "me")).manifest.sha256
    canary = Canary(base="rule-based", policy=tried, links=("a-b",), until=9)
    put_card = Shelf.put_card

    def full(self: Shelf, card: Card) -> None:
        if card.life.stage == "vetted":
            raise OSError(28, "No space left on device")
        put_card(self, card)

    with monkeypatch.context() as patch:
        patch.setattr(Shelf, "put_card", full)
        with pytest.raises(OSError, match="No space"):
            await library.combine(canary, "night-canary", "me")
    again = await shelf.open()
    assert again.cards[canary.digest()].life.stage == "vetted"
    assert (await library.combine(canary, "night-canary", "me")).life.stage == "vetted"
    assert library.policies.keys() == again.policies.keys() == {tried, canary.digest()}


@pytest.mark.asyncio
async def test_a_file_left_half_way_needs_the_signature_that_is_asked_for_by_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = await left_half_way(tmp_path, monkeypatch)
    shelf.keys = True
    again = await shelf.open()
    assert (again.policies, again.cards[sha256(policy())].life.code) == ({}, "unsigned")


@pytest.mark.asyncio
async def test_no_version_is_so_high_that_no_file_comes_after_it(tmp_path: Path) -> None:
    library = await Shelved(tmp_path).open()
    await library.stage(policy(1), manifest(policy(1), 2**63 - 1), "", "me")
    assert (await library.stage(policy(2), None, "day", "me")).manifest.version == 2**63 - 1


@pytest.mark.asyncio
async def test_no_file_is_called_as_a_policy_that_every_node_has(tmp_path: Path) -> None:
    library = await Shelved(tmp_path).open()
    assert await code_of(library, policy(), manifest(policy(), name="rule-based")) == "name"


@pytest.mark.asyncio
async def test_what_a_text_means(tmp_path: Path) -> None:
    library = await Shelved(tmp_path).open()
    for seed, version in ((1, 1), (2, 3), (3, 2)):
        await library.stage(policy(seed), manifest(policy(seed), version), "", "me")
    assert library.resolve("night") == sha256(policy(2))
    assert library.resolve(sha256(policy(3))[:6]) == sha256(policy(3))
    for text in (sha256(policy(3))[:5], "day", ""):
        with pytest.raises(KeyError):
            library.resolve(text)


@pytest.mark.asyncio
async def test_the_least_useful_file_makes_room_and_what_is_in_use_never_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()

    async def at_once(data: bytes, links: int) -> object:
        return object()

    monkeypatch.setattr(library_module, "admit", at_once)
    staged = [(await library.stage(f"{n}".encode(), None, f"p{n}", "me")).manifest.sha256 for n in range(KEPT)]
    shelf.situation = Situation(1, staged[0], previous=staged[1], proposed={staged[2]})
    await library.stage(b"one more", None, "more", "me")
    assert len(library.cards) == len(library.policies) == KEPT
    assert staged[3] not in library.cards
    assert set(staged[:3]) <= library.policies.keys()
    for card in list(library.cards.values()):
        await library.step(card.manifest.sha256, "try", "")
    with pytest.raises(LifecycleError, match="in use"):
        await library.stage(b"too much", None, "much", "me")
    assert len(shelf.files()) == 2 * KEPT


@pytest.mark.asyncio
async def test_a_full_library_forgets_nothing_for_a_file_that_is_no_good_or_here_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library_module, "KEPT", 2)
    monkeypatch.setattr(room, "KEPT", 2)
    library = await Shelved(tmp_path).open()
    for seed in (1, 2):
        await library.stage(policy(seed), None, f"p{seed}", "me")
    before = dict(library.cards)
    with pytest.raises(PolicyRejected, match="not-protobuf"):
        await library.stage(b"garbage", None, "bad", "me")
    assert library.cards == before
    await library.step(sha256(policy(2)), "fail", "")
    card = await library.stage(policy(2), None, "again", "me")
    assert (card.life.stage, library.cards.keys()) == ("vetted", before.keys())


@pytest.mark.asyncio
async def test_no_more_are_in_shadow_than_an_epoch_has_time_for(tmp_path: Path) -> None:
    library = await Shelved(tmp_path).open()
    files = [(await library.stage(policy(seed), None, f"p{seed}", "me")).manifest.sha256 for seed in range(MOST + 2)]
    outcomes = await asyncio.gather(*(library.step(file, "watch", "") for file in files), return_exceptions=True)
    assert sum(isinstance(outcome, Card) for outcome in outcomes) == MOST
    assert sum(isinstance(outcome, LifecycleError) for outcome in outcomes) == 2
    await library.step(files[0], "leave", "")
    assert (await library.step(files[-1], "watch", "")).life.stage == "shadow"


@pytest.mark.asyncio
async def test_commands_wait_for_each_other(tmp_path: Path) -> None:
    library = await Shelved(tmp_path).open()
    outcomes = await asyncio.gather(
        *(library.stage(policy(), None, "night", "me") for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(outcome, Card) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, LifecycleError) for outcome in outcomes) == 2
