"""Pairwise keys from a pair of key managers."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from qkdctl.keys.base import BLOCK_BYTES, CHAPTER_BYTES, KeySource, KeySourceError
from qkdctl.keys.etsi014 import Etsi014Client
from qkdctl.keys.etsi014_errors import KeyUnauthorisedError
from qkdctl.keys.etsi014_source import Etsi014KeySource
from tests.hil_sim.kme.bench import Bench, Credit, served
from tests.keys.test_etsi014 import settings

pytestmark = pytest.mark.asyncio

BLOCK_BITS = 8 * BLOCK_BYTES


@asynccontextmanager
async def sources(bench: Bench, folder: Path) -> AsyncIterator[tuple[KeySource, KeySource]]:
    """Those of alice, whose peer is bob, and of bob."""
    async with (
        served(bench, folder) as servers,
        Etsi014Client(settings(servers, "kme-alice", "a1")) as a1,
        Etsi014Client(settings(servers, "kme-bob", "b1")) as b1,
    ):
        yield Etsi014KeySource(a1, {"bob": "b1"}), Etsi014KeySource(b1, {"alice": "a1"})


async def test_what_one_end_takes_the_other_fetches_by_number(tmp_path: Path) -> None:
    async with sources(Bench(), tmp_path) as (alice, bob):
        keys = [await alice.chapter("bob"), *await alice.draw("bob", 3)]
        assert [len(key.material) for key in keys] == [CHAPTER_BYTES, BLOCK_BYTES, BLOCK_BYTES, BLOCK_BYTES]
        assert await bob.fetch("alice", [key.id for key in keys]) == {key.id: key.material for key in keys}


async def test_the_directions_share_no_key(tmp_path: Path) -> None:
    async with sources(Bench(), tmp_path) as (alice, bob):
        of_alice, of_bob = await alice.draw("bob", 4), await bob.draw("alice", 4)
        assert not {key.material for key in of_alice} & {key.material for key in of_bob}
        assert await alice.fetch("bob", [key.id for key in of_alice]) == {}, "its own keys are not for itself"


@pytest.mark.parametrize(("stored_blocks", "asked", "drawn"), [(0, 5, 0), (3, 5, 3), (20, 17, 17), (20, 0, 0)])
async def test_as_many_keys_as_there_are_and_no_more_than_asked_for(
    tmp_path: Path, stored_blocks: int, asked: int, drawn: int
) -> None:
    """One request gives at most 8 here, so larger orders take several."""
    async with sources(Bench(credit=Credit(stored_blocks * BLOCK_BITS)), tmp_path) as (alice, _):
        assert await alice.left_bits("bob") == stored_blocks * BLOCK_BITS
        keys = await alice.draw("bob", asked)
        assert len({key.id for key in keys}) == len(keys) == drawn
        assert await alice.left_bits("bob") == (stored_blocks - drawn) * BLOCK_BITS


async def test_numbers_that_anybody_may_have_sent_spoil_none_of_the_others(tmp_path: Path) -> None:
    async with sources(Bench(), tmp_path) as (alice, bob):
        keys = await alice.draw("bob", 5)
        own = await bob.draw("alice", 1)
        invented = [uuid.UUID(int=n).bytes for n in (0, 7)]
        numbers = [invented[0], *(key.id for key in keys), own[0].id, invented[1]]
        assert await bob.fetch("alice", numbers) == {key.id: key.material for key in keys}
        assert await bob.fetch("alice", numbers) == {}, "each is delivered once"
        assert await bob.fetch("alice", []) == {}


@pytest.mark.parametrize(
    ("status", "body"),
    [(400, b'{"message":"unknown key_ID"}'), (400, b"<html>"), (404, b'{"message":"no key"}'), (404, b"")],
)
async def test_however_a_key_manager_words_that_it_has_no_such_key_the_others_come(
    tmp_path: Path, status: int, body: bytes
) -> None:
    async with (
        served(Bench(), tmp_path) as servers,
        Etsi014Client(settings(servers, "kme-alice", "a1")) as a1,
        Etsi014Client(settings(servers, "kme-bob", "b1")) as b1,
    ):
        keys = await Etsi014KeySource(a1, {"bob": "b1"}).draw("bob", 3)
        refuse = partial(replace, status=status, body=body)
        servers.services["kme-bob"]._mishaps += [lambda r: refuse(r) if r.status != 200 else r for _ in range(5)]
        numbers = [uuid.UUID(int=7).bytes, *(key.id for key in keys)]
        assert await Etsi014KeySource(b1, {"alice": "a1"}).fetch("alice", numbers) == {
            key.id: key.material for key in keys
        }


async def test_a_node_that_is_not_known_to_the_key_manager_learns_it(tmp_path: Path) -> None:
    async with served(Bench(), tmp_path) as servers, Etsi014Client(settings(servers, "kme-bob", "a2")) as stranger:
        source = Etsi014KeySource(stranger, {"alice": "a1"})
        with pytest.raises(KeyUnauthorisedError):
            await source.fetch("alice", [uuid.uuid4().bytes])


async def test_a_peer_without_an_application_is_named(tmp_path: Path) -> None:
    async with sources(Bench(), tmp_path) as (alice, _):
        with pytest.raises(KeySourceError, match="node 'carol'; expected one of bob"):
            await alice.chapter("carol")
