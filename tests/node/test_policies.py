"""Policies come into a node by command, are vetted, and are in force once an act is decided."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qkdctl.api.errors import ConflictError, InvalidValueError, UnknownNameError
from qkdctl.library.card import Card
from qkdctl.node.node import Node
from qkdctl.node.reload import Reloader
from qkdctl.policy.baselines import Hold, RuleBased
from qkdctl.policy.builder import build
from qkdctl.records.act import ActivatePolicy, ActState, SetFaults
from qkdctl.service import Notifier
from tests.agreement.lone import Scripted
from tests.library import hostile
from tests.node.test_acts import alone, until
from tests.policy.networks import random_network


def file(seed: int = 1, name: str = "night") -> str:
    return b64encode(build(random_network(seed, 4), {"name": name})).decode()


def in_force(node: Node) -> Callable[[], str]:
    return lambda: node.application.book.policy


@pytest.mark.asyncio
async def test_a_file_is_staged_vetted_and_activated(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        await node.start()
        staged = await facade.stage_policy(file(), "", "night", "uid 7")
        assert (staged["stage"], staged["version"]) == ("vetted", 1)
        assert facade.policies()["policy"] == "rule-based"
        with pytest.raises(ConflictError, match="here already, as night, vetted"):
            await facade.stage_policy(file(), "", "night", "uid 7")
        with pytest.raises(UnknownNameError, match="no policy 'day'") as absent:
            await facade.activate_policy("day", "uid 7")
        assert absent.value.expected == "rule-based, hold or a policy that 'qkdctl policy list' shows"
        assert absent.value.hint == "stage it first: qkdctl policy stage FILE"
        await facade.activate_policy("night", "uid 7")
        await until(lambda: facade.policies()["files"][0]["stage"] == "active")
        assert node.application.book.policy == staged["sha256"]
        assert node.application.running == staged["sha256"]
        before = node.epochs.epoch
        await until(lambda: node.epochs.epoch > before + 1)
        assert node.epochs.outcomes[-1].plan.policy == staged["sha256"]
        await node.journal.settle(5.0)
        steps = [e["payload"]["step"] for e in await facade.ledger(-1, 1000) if e["kind"] == "policy"]
        assert steps == ["stage", "pass", "activate"]


@pytest.mark.asyncio
async def test_after_a_restart_the_activated_file_goes_on_whatever_the_configuration_named(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        await node.start()
        sha256 = (await facade.stage_policy(file(), "", "night", "uid 7"))["sha256"]
        await facade.activate_policy("night", "uid 7")
        await until(lambda: in_force(node)() == sha256)
    async with alone(tmp_path) as (node, facade):
        await node.start()
        before = node.epochs.epoch
        await until(lambda: node.epochs.epoch > before + 2)
        assert in_force(node)() == sha256
        assert node.epochs.outcomes[-1].plan.policy == sha256
        assert facade.policies()["files"][0]["stage"] == "active"


@pytest.mark.asyncio
async def test_the_library_spares_what_an_open_act_would_activate_after_a_restart_too(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        await node.start()
        sha256 = (await facade.stage_policy(file(), "", "night", "uid 7"))["sha256"]
        await until(lambda: node.epochs.epoch > 0)
        outcome = node.epochs.outcomes[-1]
        acts = [
            ActState(number=number, act=act, filer="a", epoch=1, withdrawn=int(number == 1))
            for number, act in enumerate(
                (ActivatePolicy(policy=sha256), ActivatePolicy(policy="ab" * 32), SetFaults(faults=0))
            )
        ]
        book = outcome.agreed.book.model_copy(update={"open": tuple(acts)})
        agreed = outcome.agreed.model_copy(update={"book": book})
        node.policy_side.take_outcome(replace(outcome, agreed=agreed), node.side.terms())
        assert node.policy_side.situation.proposed == {sha256}
        for configured in (Hold(sha256), Hold("cd" * 32), RuleBased()):
            node.policy_side.take(configured)
        assert node.policy_side._configured.keys() == {sha256, "rule-based", node.policy_side.situation.policy}
        node.policy_side.resume(outcome.epoch, "hold", None)
        assert not node.policy_side.situation.proposed
        node.policy_side.resume(outcome.epoch, "hold", agreed)
        assert node.policy_side.situation.proposed == {sha256}


@pytest.mark.asyncio
async def test_the_library_spares_what_is_asked_for_here_before_the_act_has_a_number(tmp_path: Path) -> None:
    async with alone(tmp_path, epoch_s=3600.0) as (node, facade):
        await node.start()
        sha256 = (await facade.stage_policy(file(), "", "night", "uid 7"))["sha256"]
        assert sha256 not in node.policy_side.situation.needed
        await facade.activate_policy("night", "uid 7")
        assert facade.acts()["filed_here"]
        assert sha256 in node.policy_side.situation.needed
        await facade.withdraw_act("uid 7")
        assert sha256 not in node.policy_side.situation.needed


@pytest.mark.asyncio
async def test_a_rejected_file_says_why_and_leaves_everything_as_it_is(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        await node.start()
        good = (await facade.stage_policy(file(), "", "night", "uid 7"))["sha256"]
        await facade.activate_policy(good[:8], "uid 7")
        await until(lambda: in_force(node)() == good)
        cut = b64encode(build(random_network(2, 4), {})[:-5]).decode()
        for data, code in (("AAAA", "not-protobuf|ir-version"), (cut, "not-protobuf"), ("no base64!", "base64")):
            with pytest.raises(InvalidValueError, match=code):
                await facade.stage_policy(data, "", "bad", "uid 7")
        stages = [entry["stage"] for entry in facade.policies()["files"]]
        assert sorted(stages) == ["active", "rejected", "rejected"]
        with pytest.raises(ConflictError, match="is rejected"):
            await facade.activate_policy("bad", "uid 7")
        before = node.epochs.epoch
        await until(lambda: node.epochs.epoch > before + 1)
        assert node.epochs.outcomes[-1].plan.policy == good
        assert [path.name for path in (tmp_path / "state" / "policies").glob("*.onnx")] == [f"{good}.onnx"]


@pytest.mark.asyncio
async def test_epochs_go_on_while_a_file_is_vetted(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        await node.start()
        await until(lambda: node.epochs.epoch > 2)
        before = node.epochs.epoch
        await asyncio.gather(facade.stage_policy(file(), "", "night", "uid 7"))
        assert node.epochs.epoch > before + 1


@pytest.mark.asyncio
async def test_the_configuration_counts_once_for_each_change_of_it(tmp_path: Path) -> None:
    (tmp_path / "p.onnx").write_bytes(build(random_network(7, 4), {}))
    named = f'[policy]\nfile = "{tmp_path}/p.onnx"\n'
    async with alone(tmp_path) as (node, facade):
        await node.start()
        await until(lambda: node.epochs.epoch > 1)
    async with alone(tmp_path, named) as (node, facade):
        await node.start()
        sha256 = node.wish.identity
        await until(lambda: in_force(node)() == sha256)
        await facade.rollback_policy("uid 7")
        await until(lambda: in_force(node)() == "rule-based")
    async with alone(tmp_path, named) as (node, facade):
        await node.start()
        before = node.epochs.epoch
        await until(lambda: node.epochs.epoch > before + 3)
        assert (node.wish.identity, in_force(node)()) == (sha256, "rule-based")


@pytest.mark.asyncio
async def test_a_policy_in_shadow_changes_nothing_and_one_that_fails_there_leaves(tmp_path: Path) -> None:
    async with alone(tmp_path) as (node, facade):
        await node.start()
        sha256 = (await facade.stage_policy(file(), "", "night", "uid 7"))["sha256"]
        assert (await facade.shadow_policy("night", "uid 7", watch=True))["stage"] == "shadow"
        await until(lambda: (facade.policies()["files"][0]["shadow"] or {"epochs": 0})["epochs"] > 3)
        assert (in_force(node)(), node.epochs.outcomes[-1].plan.policy) == ("rule-based", "rule-based")
        assert (await facade.shadow_policy("night", "uid 7", watch=False))["stage"] == "vetted"
        with pytest.raises(ConflictError, match="vetted cannot leave"):
            await facade.shadow_policy("night", "uid 7", watch=False)
        node.policy_side.library.policies[sha256] = Scripted("f", "")
        await facade.shadow_policy("night", "uid 7", watch=True)
        full, step = [OSError("no space left")], node.policy_side.library.step

        async def first_without_space(*order: Any) -> Card:
            if full:
                raise full.pop()
            return await step(*order)

        node.policy_side.library.step = first_without_space  # type: ignore[method-assign]
        await until(lambda: facade.policies()["files"][0]["stage"] == "rolled-back")
        assert "policy-shadow-failed" in {alarm["code"] for alarm in facade.alarms()}
        assert in_force(node)() == "rule-based"


@pytest.mark.asyncio
async def test_epochs_go_on_without_a_file_that_was_to_be_watched(tmp_path: Path) -> None:
    shelf = tmp_path / "state" / "policies"
    async with alone(tmp_path) as (node, facade):
        await node.start()
        sha256 = (await facade.stage_policy(file(), "", "night", "uid 7"))["sha256"]
        await facade.shadow_policy("night", "uid 7", watch=True)
    (shelf / f"{sha256}.onnx").unlink()
    (shelf / f"{sha256}.onnx").mkdir()  # so that it is there, and cannot be read
    async with alone(tmp_path) as (node, facade):
        await node.start()
        await until(lambda: node.is_broken or len(node.epochs.outcomes) > 2)
        assert not node.is_broken
        assert "policy-rejected" in {alarm["code"] for alarm in facade.alarms()}
        assert facade.policies()["files"][0]["stage"] == "shadow"


@pytest.mark.asyncio
async def test_a_reload_tries_the_new_file_apart_and_takes_it_or_nothing(tmp_path: Path) -> None:
    path = tmp_path / "p.onnx"
    async with alone(tmp_path) as (node, facade):
        await node.start()
        named = node.config.policy.model_copy(update={"kind": "onnx", "file": path})
        other = node.config.model_copy(update={"policy": named})
        reloader = Reloader(node, lambda: other, Notifier.from_environment({}, node.clock))
        path.write_bytes(hostile.changed(hostile.weight(float("nan"))))
        with pytest.raises(InvalidValueError, match="not-finite"):
            await reloader.reload("me")
        assert in_force(node)() == "rule-based"
        path.write_bytes(build(random_network(7, 4), {}))
        assert await reloader.reload("me") == "applied: policy"
        await until(lambda: in_force(node)() == node.wish.identity)
        await facade.rollback_policy("me")
        await until(lambda: in_force(node)() == "rule-based")
        node.config = node.config.model_copy(update={"policy": named.model_copy(update={"sha256": node.wish.identity})})
        assert f"qkdctl policy activate {node.wish.identity}" in await reloader.reload("me")
        assert in_force(node)() == "rule-based"
