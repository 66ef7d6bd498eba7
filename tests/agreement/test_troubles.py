"""What a node says and does when its store fails, and when the others build on what it never decided."""

import asyncio
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qkdctl.abft.messages import Here
from qkdctl.abft.value import Entry
from qkdctl.agreement import host
from qkdctl.agreement.courier import Courier
from qkdctl.node import journal
from qkdctl.node.conditions import SILENT_EPOCHS
from qkdctl.store.errors import StoreError
from tests.agreement.nodes import table

pytestmark = pytest.mark.asyncio


async def test_a_store_that_fails_for_a_while_is_an_alarm_for_that_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_BETWEEN_TRIES_S", 0.01)
    async with table(tmp_path, "a", 0) as network:
        node = network.nodes["a"]
        write, full = node.agreeing.persist, True

        async def on_a_full_disk(writes: Mapping[str, str | None]) -> None:
            if full:
                raise StoreError("no room")
            await write(writes)

        monkeypatch.setattr(node.agreeing, "persist", on_a_full_disk)
        node.agreeing.tick()
        await network.until(lambda: node.alarm(host.STORE_FAILING))
        assert node.epochs.epoch == 0, "nothing is decided that is not remembered"
        full = False
        await network.until(lambda: node.epochs.epoch == 1)
        assert all(alarm.cleared_ms for alarm in node.alarms.listed() if alarm.code == host.STORE_FAILING)


async def test_a_state_directory_that_is_moved_away_is_an_alarm_and_stops_decisions_until_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_BETWEEN_TRIES_S", 0.01)
    async with table(tmp_path, "a", 0) as network:
        node = network.nodes["a"]
        await network.decide(2)
        (tmp_path / "a").rename(tmp_path / "elsewhere")
        node.agreeing.tick()
        await network.until(lambda: node.alarm(host.STORE_FAILING))
        (alarm,) = (alarm for alarm in node.alarms.listed() if alarm.code == host.STORE_FAILING)
        assert "state.db was moved away, deleted or replaced under the running daemon; put it back" in alarm.text
        assert (alarm.severity.value, node.epochs.epoch) == ("critical", 2)
        (tmp_path / "elsewhere").rename(tmp_path / "a")
        await network.until(lambda: node.epochs.epoch == 3)
        assert len(await node.store.decisions.tail(10)) == 3


async def test_whoever_hears_nobody_is_an_alarm_until_enough_are_heard(tmp_path: Path) -> None:
    async with table(tmp_path, but="bcd") as network:
        node = network.nodes["a"]
        for _ in range(SILENT_EPOCHS):
            node.agreeing.tick()
            assert node.changes == [], "at the start of a network nobody is there at once"
        node.agreeing.tick()
        assert [(alarm.code, alarm.active) for alarm in node.changes] == [("isolated", True)]
        assert "nobody was heard" in node.changes[0].text
        for name in "bcd":
            await network.enter(name)
        await network.decide(2)
        assert not node.alarm("isolated")


async def test_a_decision_that_a_disk_takes_late_is_written_once_and_the_node_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_PATIENCE_S", 0.02)
    monkeypatch.setattr(host, "_BETWEEN_TRIES_S", 0.01)
    async with table(tmp_path, "a", 0) as network:
        node = network.nodes["a"]
        append, moves, troubles = node.store.ledger.append, threading.Event(), list[str]()
        node.epochs._journal.on_trouble = troubles.append  # type: ignore[attr-defined]

        def stall(_: sqlite3.Connection) -> None:
            moves.wait(1.0)

        async def behind_a_stall(*arguments: Any) -> Any:
            stalled = asyncio.ensure_future(node.store.ledger._database.run(stall))
            written = await append(*arguments)
            await stalled
            return written

        monkeypatch.setattr(node.store.ledger, "append", behind_a_stall)
        node.agreeing.tick()
        await network.until(lambda: troubles)
        assert "did not take an entry within 0.02 s" in troubles[0]
        assert node.epochs.epoch == 0, "nothing is carried out that is not written"
        moves.set()
        await network.until(lambda: node.epochs.epoch == 1)
        assert await network.decide(2) == 3
        assert troubles[1:] == [""]
        assert not node.alarm(host.STORE_FAILING), "it was never tried again"
        assert len(await node.store.decisions.tail(10)) == 3


async def test_a_decision_that_follows_another_one_than_here_stops_the_node_and_reaches_nothing(tmp_path: Path) -> None:
    async with table(tmp_path, "a", 0) as network:
        node = network.nodes["a"]
        await network.decide()
        entry, before = node.outcomes[-1].entry, await node.store.decisions.tail(10)
        chain = entry.next_chain
        foreign = Entry(chain, replace(entry.value, epoch=chain.epoch, previous="1" * 64), entry.reports)
        await node.agreeing.commit(foreign)
        assert [(halt.code, "ledger ends in" in halt.text) for halt in node.halted] == [("fork", True)]
        assert await node.store.decisions.tail(10) == before
        assert len(node.outcomes) == 1


async def test_a_node_with_another_description_is_one_alarm_that_lasts_until_it_has_the_same(tmp_path: Path) -> None:
    async with table(tmp_path, but="d") as network:
        network.digests["d"] = "1" * 64
        await network.enter("d")
        others = [network.nodes[name] for name in "abc"]
        await network.until(lambda: all(node.alarm("other-description") for node in others))
        await network.decide(3, among="abc")
        for node in others:
            assert [alarm.active for alarm in node.changes if alarm.code == "other-description"] == [True]
        assert network.nodes["d"].epochs.epoch == 0
        await network.leave("d")
        del network.digests["d"]
        await network.enter("d")
        await network.decide(2)
        await network.until(lambda: not any(node.alarm("other-description") for node in others))


async def test_a_peer_that_speaks_for_two_networks_is_one_alarm_until_a_whole_epoch_without(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        node, liar = network.nodes["a"], network.nodes["b"].agreeing.peers
        assert liar is not None
        network.nodes["a"].agreeing.tick()
        await network.until(lambda: "b" in node.agreeing.peers.in_step())  # type: ignore[union-attr]
        foreign, heard = liar.courier, list[str]()
        other = Courier("other", "b", liar.authenticator, liar.transport, lambda _: None)
        compare = node.agreeing._heard
        node.agreeing.peers._heard = lambda peer: (heard.append(peer), compare(peer))  # type: ignore[union-attr,assignment,func-returns-value]
        for number in range(3):
            before = heard.count("b")
            await other.hello("a")
            await foreign.send([("a", Here(1, f"{number}" * 64))])
            await network.until(lambda before=before: heard.count("b") > before)  # type: ignore[misc]
        assert [alarm.active for alarm in node.changes if alarm.code == "other-description"] == [True]
        node.agreeing.tick()
        assert node.alarm("other-description"), "it was not understood all the time"
        before = heard.count("b")
        await foreign.send([("a", Here(1, "9" * 64))])
        await network.until(lambda: heard.count("b") > before)
        assert node.alarm("other-description"), "the epoch is not over"
        node.agreeing.tick()
        assert not node.alarm("other-description")


async def test_a_node_whose_folder_was_copied_stops_once_peers_hear_the_copy(tmp_path: Path) -> None:
    async with table(tmp_path, pair_files=True) as network:
        await network.decide(2)
        original = network.nodes["b"]
        peers = [side for name in "acd" if (side := network.nodes[name].agreeing.peers) is not None]
        known = [peer.authenticator.session_of("b") for peer in peers]
        await network.enter_copy("b")
        await network.until(
            lambda: all(peer.authenticator.session_of("b") != before for peer, before in zip(peers, known, strict=True))
        )
        network.reconnect("b")
        for _ in range(40):
            if not original.halted:
                await network.decide(among="acd")
        await network.until(lambda: original.halted)
        (halt,) = original.halted
        assert halt.code == "superseded"
        assert "another process speaks for b, perhaps from a copy of its folder" in halt.text
        assert not any(network.nodes[name].halted for name in "acd")


async def test_a_node_whose_pads_another_process_has_taken_over_stops(tmp_path: Path) -> None:
    async with table(tmp_path) as network:
        await network.decide()
        node = network.nodes["b"]
        await node.store.pads.claim(b"somebody else...")
        for each in network.nodes.values():
            each.agreeing.tick()
        await network.until(lambda: node.halted)
        (halt,) = node.halted
        assert halt.code == "superseded"
        assert "has taken over its store" in halt.text


async def test_a_key_file_that_is_not_the_peers_is_an_alarm_at_both_ends_and_stops_nobody_else(tmp_path: Path) -> None:
    async with table(tmp_path, but="d", pair_files=True) as network:
        network.replace_keys("d", "a")
        await network.enter("d")
        for _ in range(10):
            if not all(network.nodes[name].alarm("wrong-tags") for name in "ad"):
                await network.decide()
        for name, peer in (("a", "d"), ("d", "a")):
            alarms = [alarm for alarm in network.nodes[name].alarms.listed() if alarm.code == "wrong-tags"]
            assert [(alarm.subject, alarm.active) for alarm in alarms] == [(peer, True)]
        assert not network.nodes["b"].alarm("wrong-tags")
