"""Pair files as a key source: the peer's word decides where a process begins, so a restored copy does no harm."""

import asyncio
from pathlib import Path

import pytest

from qkdctl.keys.base import CHAPTER_BYTES, Key
from qkdctl.keys.pair_file import create_pair_files
from qkdctl.keys.pair_source import AHEAD, PairSource

pytestmark = pytest.mark.asyncio


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    made = (tmp_path / "a", tmp_path / "b")
    create_pair_files(made, ("a", "b"), 400)
    return made


async def follow(sender: PairSource, receiver: PairSource) -> list[Key]:
    """Tell the sender how far the receiver is, and let the receiver fetch what it is told to."""
    sender.peer_fetched("b", receiver.fetched("a"))
    keys = await sender.draw("b", 4)
    got = await receiver.fetch("a", [key.id for key in keys])
    assert all(got[key.id] == key.material for key in keys if key.material)
    return [key for key in keys if key.material]


async def test_nothing_is_drawn_before_the_peer_has_fetched_the_probe(paths: tuple[Path, Path]) -> None:
    async with PairSource("a", {"b": paths[0]}) as a, PairSource("b", {"a": paths[1]}) as b:
        assert await a.draw("b", 4) == []
        a.peer_fetched("b", b.fetched("a"))
        for _ in range(3):
            (probe,) = await a.draw("b", 4)
            assert probe.material == b""
        await b.fetch("a", [probe.id])
        assert b.fetched("a") == AHEAD + 1
        a.peer_fetched("b", b.fetched("a"))
        assert len(await a.draw("b", 4)) == 4


async def test_no_more_than_the_peer_can_follow_is_drawn(paths: tuple[Path, Path]) -> None:
    async with PairSource("a", {"b": paths[0]}) as a, PairSource("b", {"a": paths[1]}) as b:
        await follow(a, b)
        a.peer_fetched("b", b.fetched("a"))
        drawn = await a.draw("b", 1000)
        assert len(drawn) == AHEAD
        assert await a.draw("b", 1) == []
        await b.fetch("a", [drawn[-1].id])
        a.peer_fetched("b", b.fetched("a"))
        assert len(await a.draw("b", 1)) == 1


async def test_whoever_draws_and_fetches_at_the_same_time_gets_in_nobody_s_way(paths: tuple[Path, Path]) -> None:
    """Tags and encrypted shares take key from one file, each in its own task."""
    async with PairSource("a", {"b": paths[0]}) as a, PairSource("b", {"a": paths[1]}) as b:
        await follow(a, b)
        a.peer_fetched("b", b.fetched("a"))
        b.peer_fetched("a", a.fetched("b"))
        (probe,) = await b.draw("a", 1)
        await a.fetch("b", [probe.id])
        b.peer_fetched("a", a.fetched("b"))
        theirs = await b.draw("a", 8)
        ids = [[key.id] for key in theirs]
        results = await asyncio.gather(*(job for number in ids for job in (a.draw("b", 2), a.fetch("b", number))))
        drawn = [key.material for keys in results[::2] for key in keys]
        assert len(set(drawn)) == len(drawn) == 16
        assert [material for keys in results[1::2] for material in keys.values()] == [key.material for key in theirs]
        assert a.fetched("b") == int.from_bytes(theirs[-1].id[:8], "big") + 1


@pytest.mark.parametrize("fetched", [True, False])
async def test_a_restored_copy_gives_out_nothing_twice(paths: tuple[Path, Path], *, fetched: bool) -> None:
    backup = paths[0].read_bytes()
    used: set[bytes] = set()
    async with PairSource("b", {"a": paths[1]}) as b:
        for _ in range(3):
            paths[0].write_bytes(backup)
            async with PairSource("a", {"b": paths[0]}) as a:
                await follow(a, b)
                a.peer_fetched("b", b.fetched("a"))
                for _ in range(20):
                    keys = await (follow(a, b) if fetched else a.draw("b", 4))
                    assert used.isdisjoint(key.material for key in keys)
                    used |= {key.material for key in keys}
    assert len(used) > 60


async def test_chapters_can_be_fetched_again_and_blocks_cannot(paths: tuple[Path, Path]) -> None:
    async with PairSource("a", {"b": paths[0]}) as a, PairSource("b", {"a": paths[1]}) as b:
        chapter = await a.chapter("b")
        assert len(chapter.material) == CHAPTER_BYTES
        for _ in range(2):
            assert await b.fetch("a", [chapter.id]) == {chapter.id: chapter.material}
        await follow(a, b)
        (block,) = (await follow(a, b))[:1]
        assert await b.fetch("a", [block.id, bytes(16)]) == {}


async def test_an_exhausted_file_is_no_error(paths: tuple[Path, Path]) -> None:
    async with PairSource("a", {"b": paths[0]}) as a, PairSource("b", {"a": paths[1]}) as b:
        drawn = 0
        for _ in range(200):
            drawn += len(await follow(a, b))
        assert drawn == 400 - AHEAD - 1
        assert await a.left_bits("b") == 0
        assert len((await a.chapter("b")).material) == CHAPTER_BYTES
    async with PairSource("a", {"b": paths[0]}) as a:
        a.peer_fetched("b", 400)
        assert await a.draw("b", 1) == []


async def test_keys_never_show_in_a_log(paths: tuple[Path, Path]) -> None:
    async with PairSource("a", {"b": paths[0]}) as a:
        chapter = await a.chapter("b")
        assert repr(chapter) == f"Key({chapter.id.hex()})"
