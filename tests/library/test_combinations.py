"""Two policies at work at once, as a policy of its own."""

from dataclasses import replace
from pathlib import Path

import pytest

from qkdctl.library.combinations import DEEPEST
from qkdctl.library.following import Situation
from qkdctl.library.lifecycle import LifecycleError
from qkdctl.policy.canary import Canary
from tests.library.shelved import KEY, Shelved, code_of, manifest, policy, sha256

pytestmark = pytest.mark.usefixtures("trials_in_this_process")


@pytest.mark.asyncio
async def test_a_combination_is_a_policy_of_its_own_also_after_a_restart(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    tried = (await library.stage(policy(), None, "night", "me")).manifest.sha256
    canary = Canary(base="rule-based", policy=tried, links=("a-b",), until=90)
    with pytest.raises(KeyError, match="hold2"):
        await library.combine(canary.model_copy(update={"base": "hold2"}), "night-canary", "me")
    card = await library.combine(canary, "night-canary", "me")
    assert await library.combine(canary, "night-canary", "me") == card
    assert (card.manifest.sha256, card.life.stage) == (canary.digest(), "vetted")
    again = await shelf.open()
    assert again.policies.keys() == {tried, canary.digest()}
    assert again.policies[canary.digest()].identity == canary.digest()
    (tmp_path / "policies" / f"{tried}.onnx").unlink()
    lacking = await shelf.open()
    assert lacking.policies == {}
    assert len(shelf.complaints) == 2


@pytest.mark.asyncio
async def test_a_policy_is_a_canary_while_a_combination_with_it_is_in_force(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    tried = (await library.stage(policy(), None, "night", "me")).manifest.sha256
    canary = Canary(base="rule-based", policy=tried, links=("a-b",), until=90)
    both = (await library.combine(canary, "night-canary", "me")).manifest.sha256

    async def stages(in_force: str, *rolled_back: str) -> list[str]:
        shelf.situation = Situation(7, in_force, rolled_back=rolled_back)
        await library.follow()
        assert not library.is_behind()
        return [library.cards[sha].life.stage for sha in (tried, both)]

    assert await stages(both) == ["canary", "active"]
    assert await stages("rule-based") == ["vetted", "retired"]
    assert await stages(both) == ["canary", "active"]
    assert await stages("rule-based", both) == ["rolled-back", "rolled-back"]
    assert await stages(both) == ["canary", "active"]
    assert await stages(tried) == ["active", "retired"]


@pytest.mark.asyncio
async def test_an_earlier_trial_that_failed_is_no_stain_on_one_that_was_only_ended(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    tried = (await library.stage(policy(), None, "night", "me")).manifest.sha256
    failed, ended = [
        (await library.combine(Canary(base="rule-based", policy=tried, links=("a-b",), until=until), "c", "me"))
        for until in (90, 190)
    ]
    for epoch, in_force, rolled_back in (
        (7, failed.manifest.sha256, ()),
        (8, "rule-based", (failed.manifest.sha256,)),
        (100, ended.manifest.sha256, (failed.manifest.sha256,)),
        (110, "rule-based", (failed.manifest.sha256,)),
    ):
        shelf.situation = Situation(epoch, in_force, rolled_back=rolled_back)
        await library.follow()
    stages = [library.cards[sha].life.stage for sha in (failed.manifest.sha256, ended.manifest.sha256, tried)]
    assert stages == ["rolled-back", "retired", "vetted"]


@pytest.mark.asyncio
async def test_a_combination_of_a_combination_is_there_after_a_restart(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path)
    library = await shelf.open()
    one, two = [(await library.stage(policy(seed), None, f"p{seed}", "me")).manifest.sha256 for seed in (1, 2)]
    for until in range(1, 7):  # digests in any order
        first = Canary(base="rule-based", policy=one, links=("a-b",), until=until)
        await library.combine(first, "first", "me")
        await library.combine(Canary(base=first.digest(), policy=two, links=("c-d",), until=until), "second", "me")
    again = await shelf.open()
    assert (shelf.complaints, again.policies.keys()) == ([], library.policies.keys())


@pytest.mark.asyncio
async def test_a_trial_is_of_the_version_of_its_files(tmp_path: Path) -> None:
    shelf = Shelved(tmp_path, keys=True)
    library = await shelf.open()
    await library.stage(policy(1), manifest(policy(1), 4).signed("release", KEY), "", "me")
    canary = Canary(base="rule-based", policy=sha256(policy(1)), links=("a-b",), until=9)
    await library.combine(canary, "night-canary", "me")
    shelf.situation = replace(shelf.situation, policy=canary.digest())
    assert await code_of(library, policy(2), manifest(policy(2), 4).signed("release", KEY)) == "version"
    await library.stage(policy(2), manifest(policy(2), 5).signed("release", KEY), "", "me")


@pytest.mark.asyncio
async def test_combinations_are_refused_that_would_ask_policies_over_and_over(tmp_path: Path) -> None:
    library = await Shelved(tmp_path).open()
    one, two = [(await library.stage(policy(seed), None, f"p{seed}", "me")).manifest.sha256 for seed in (1, 2)]
    base = "rule-based"
    for depth in range(DEEPEST):
        combined = Canary(base=base, policy=(one, two)[depth % 2], links=("a-b",), until=9 + depth)
        await library.combine(combined, f"c{depth}", "me")
        base = combined.digest()
    with pytest.raises(LifecycleError, match="in one another already"):
        await library.combine(Canary(base=base, policy=one, links=("a-b",), until=99), "deeper", "me")
    with pytest.raises(LifecycleError, match="is a combination; try one of its policies"):
        await library.combine(Canary(base="rule-based", policy=base, links=("a-b",), until=99), "tried", "me")
