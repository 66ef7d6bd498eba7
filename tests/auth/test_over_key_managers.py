"""Channels over key managers of ETSI GS QKD 014, which deliver each key once."""

from pathlib import Path

import pytest

from qkdctl.auth.limits import Limits
from tests.auth.pair import End, Pair, tokens
from tests.hil_sim.kme.bench import Bench, Credit
from tests.keys.test_etsi014_source import sources


@pytest.mark.asyncio
async def test_two_nodes_talk_and_find_each_other_again_after_a_restart(tmp_path: Path) -> None:
    async with sources(Bench(credit=Credit(100_000)), tmp_path) as (alice, bob):
        limits = Limits()
        pair = Pair(
            End("alice", "bob", alice, limits, tokens(b"a")),
            End("bob", "alice", bob, limits, tokens(b"b")),
        )
        await pair.meet()
        for restarted in (pair.a, pair.b):
            for number in range(9):
                assert pair.b.hear(await pair.a.say(b"%d" % number)) == b"%d" % number
                assert pair.a.hear(await pair.b.say(b"%d" % number)) == b"%d" % number
                for end in (pair.a, pair.b):
                    await end.refill()
            assert [str(end.auth.level(end.peer)) for end in (pair.a, pair.b)] == ["its", "its"]
            await restarted.start()
            await restarted.refill()
            other = pair.b if restarted is pair.a else pair.a
            other.hear(await restarted.say(b"hello"))
            for end in (pair.a, pair.b):
                end.auth.renew_budget()
            await pair.settle()
