"""Whatever the network does and whenever processes die: no pad serves two texts, and nothing is accepted but once."""

import shutil
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from qkdctl.auth import outgoing
from qkdctl.auth.authenticator import Authenticator
from qkdctl.auth.errors import Refused
from qkdctl.auth.incoming import MOST_HELD
from qkdctl.auth.ledger import Mark, MemoryLedger, SupersededError
from qkdctl.auth.limits import Limits
from qkdctl.keys import pair_source
from qkdctl.keys.hub import KeyHub
from qkdctl.keys.pair_file import create_pair_files
from qkdctl.keys.pair_source import PairSource
from tests.auth.pair import End, tokens

T = TypeVar("T")
NODES = st.sampled_from(["a", "b"])
LIMITS = Limits(tags=24, ahead=24, window=32, chapter=40, stock=32, reserve_bits=0)


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """Run what never waits, without an event loop."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]
    raise AssertionError("this waits")


class DeathError(Exception):
    """The process ends here."""


class MortalLedger(MemoryLedger):
    """Dies on demand, before or after it has written."""

    dies: str = ""

    async def store(self, session: bytes, marks: Mapping[str, Mark]) -> None:
        dies, self.dies = self.dies, ""
        if dies != "before":
            await super().store(session, marks)
        if dies:
            raise DeathError


class Channels(RuleBasedStateMachine):
    """Two nodes, a network that remembers everything, and an oracle that saw every key and text."""

    victims: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        super().__init__()
        self.pads: dict[bytes, bytes] = {}
        self.meant: dict[str, set[bytes]] = {"a": set(), "b": set()}
        self.accepted: set[bytes] = set()
        self.air: list[tuple[str, bytes]] = []
        self.zombies: list[tuple[str, Authenticator]] = []
        self.patches = mock.patch.object(outgoing.poly1305, "tag", self.watch(outgoing.poly1305.tag))
        self.patches.start()

    def watch(self, made: Callable[[bytes, bytes, bytes], bytes]) -> Callable[[bytes, bytes, bytes], bytes]:
        def tag(secret: bytes, pad: bytes, text: bytes) -> bytes:
            if any(self.sealing):
                assert pad not in self.pads, "a pad serves a second text"
                self.pads[pad] = text
            return made(secret, pad, text)

        return tag

    @initialize()
    def begin(self) -> None:
        self.sealing: list[str] = []
        self.ends = {
            name: End(name, peer, self.source(name), LIMITS, tokens(name.encode()), MortalLedger())
            for name, peer in (("a", "b"), ("b", "a"))
        }
        self.backups = {name: self.copy_of(name) for name in self.ends}
        for name in self.ends:
            self.restart(name)

    def source(self, name: str) -> Any:
        raise NotImplementedError

    def stop(self, name: str) -> None:
        """The process is gone, with its files closed."""

    def copy_of(self, name: str) -> Any:
        return self.ends[name].backup()

    def put_back(self, name: str, copy: Any) -> None:
        self.ends[name].ledger = copy

    def restart(self, name: str) -> None:
        self.stop(name)
        end = self.ends[name]
        end.source = self.source(name)
        at_once(end.start())

    def seal(self, name: str, payload: bytes) -> None:
        end = self.ends[name]
        self.meant[name].add(payload)
        self.sealing.append(name)
        try:
            sealed = at_once(end.say(payload) if payload else end.answer())
        except DeathError:
            self.restart(name)
            return
        finally:
            self.sealing.pop()
        if sealed is not None:
            self.air.append((end.peer, sealed))

    def offer(self, name: str, sealed: bytes) -> None:
        end = self.ends[name]
        try:
            payload = end.auth.open(end.peer, sealed)
        except Refused:
            return
        assert payload in self.meant[end.peer], "nobody said this"
        assert (name, sealed) in self.air, "these bytes were never sent to this node"
        assert sealed not in self.accepted, "accepted twice"
        self.accepted.add(sealed)

    @rule(name=NODES, number=st.integers(0, 5))
    def say(self, name: str, number: int) -> None:
        self.seal(name, b"%d" % number)

    @rule(name=NODES)
    def answer(self, name: str) -> None:
        self.seal(name, b"")

    @rule(name=NODES, number=st.integers(0, 9), when=st.sampled_from(["before", "after"]))
    def die_while_sealing(self, name: str, number: int, when: str) -> None:
        self.ends[name].ledger.dies = when  # type: ignore[attr-defined]
        self.seal(name, b"%d" % number)
        self.ends[name].ledger.dies = ""  # type: ignore[attr-defined]

    @rule(name=NODES)
    def die(self, name: str) -> None:
        self.restart(name)

    @precondition(lambda self: self.air)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        self.offer(*self.air[data.draw(st.integers(0, len(self.air) - 1))])

    @precondition(lambda self: self.air)
    @rule(back=st.integers(1, 6))
    def deliver_lately(self, back: int) -> None:
        self.offer(*self.air[-min(back, len(self.air))])

    @rule(name=NODES)
    def refill(self, name: str) -> None:
        for sealed in at_once(self.ends[name].auth.refill(self.ends[name].peer)):
            self.offer(name, sealed)

    @rule(name=NODES)
    def renew(self, name: str) -> None:
        self.ends[name].auth.renew_budget()

    @precondition(lambda self: self.air)
    @rule(data=st.data(), place=st.integers(0, 200), change=st.integers(1, 255))
    def forge(self, data: st.DataObject, place: int, change: int) -> None:
        _, sealed = self.air[data.draw(st.integers(0, len(self.air) - 1))]
        changed = bytearray(sealed)
        changed[place % len(sealed)] ^= change
        for name in self.ends:
            self.offer(name, bytes(changed))

    @precondition(lambda self: len(self.air) > 1)
    @rule(data=st.data(), cut=st.integers(60, 140))
    def splice(self, data: st.DataObject, cut: int) -> None:
        picks = [self.air[data.draw(st.integers(0, len(self.air) - 1))][1] for _ in range(2)]
        if (mixed := picks[0][:cut] + picks[1][cut:]) not in picks:
            for name in self.ends:
                self.offer(name, mixed)

    @precondition(lambda self: self.victims)
    @rule()
    def back_up(self) -> None:
        for name in self.victims:
            self.backups[name] = self.copy_of(name)

    @precondition(lambda self: self.victims)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.victims))
        self.stop(name)
        self.put_back(name, self.backups[name])
        self.backups[name] = self.copy_of(name)
        self.restart(name)

    @invariant()
    def memory_is_bounded(self) -> None:
        for end in getattr(self, "ends", {}).values():
            incoming = end.auth._channels[end.peer].incoming
            assert len(incoming._window) <= 2 * LIMITS.window
            assert len(incoming.keys) <= 104
            assert len(incoming._held) <= MOST_HELD
            assert end.auth.pads(end.peer) <= LIMITS.stock + 8

    def heal(self) -> None:
        """The network works again, so everything said gets through, with one-time tags if there is key."""
        for turn in range(12):
            for name, end in self.ends.items():
                end.auth.renew_budget()
                self.refill(name)
                for payload in (b"", b"heal %d" % turn):
                    before = len(self.air)
                    self.seal(name, payload)
                    for packet in self.air[before:]:
                        self.offer(*packet)
                        self.refill(end.peer)
        for end in self.ends.values():
            assert end.auth.in_step(end.peer), "the ends have not found each other"
            assert end.auth.session_of(end.peer) == self.ends[end.peer].auth._session
            assert str(end.auth.level(end.peer)) == "its", end.auth.figures(end.peer)

    def teardown(self) -> None:
        try:
            if hasattr(self, "ends"):
                self.heal()
        finally:
            for name in getattr(self, "ends", {}):
                self.stop(name)
            self.patches.stop()


class OnHub(Channels):
    """Keys as a key server delivers them; any node's store may be put back, also both, and processes may be doubled."""

    victims = ("a", "b")

    def __init__(self) -> None:
        super().__init__()
        self.hub = KeyHub()

    def source(self, name: str) -> Any:
        return self.hub.source(name)

    @rule(name=NODES)
    def double(self, name: str) -> None:
        self.zombies = [*self.zombies[-1:], (name, self.ends[name].auth)]
        self.restart(name)

    @precondition(lambda self: self.zombies)
    @rule(number=st.integers(10, 20))
    def zombie_speaks(self, number: int) -> None:
        name, auth = self.zombies[-1]
        self.sealing.append(name)
        try:
            sealed = at_once(auth.seal({self.ends[name].peer: b"%d" % number}))
        except SupersededError:
            return
        finally:
            self.sealing.pop()
        assert all(packet in self.air for packet in sealed.items()), "two processes speak at the same time"


class OnFiles(Channels):
    """Keys from pair files, of which that of one node may be put back from a backup."""

    victims = ("a",)

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.open: dict[str, PairSource] = {}
        self.inline = mock.patch.object(pair_source, "_on_disk", self.run_inline)
        self.no_sync = mock.patch("os.fdatasync")
        self.inline.start()
        self.no_sync.start()
        create_pair_files((self.path("a"), self.path("b")), ("a", "b"), 2500)

    @staticmethod
    async def run_inline(_pair: object, job: Callable[[], T]) -> T:
        return job()

    def path(self, name: str) -> Path:
        return self.folder / name

    def source(self, name: str) -> Any:
        if name not in self.open:
            self.open[name] = PairSource(name, {"b" if name == "a" else "a": self.path(name)})
        return self.open[name]

    def stop(self, name: str) -> None:
        if name in self.open:
            self.open.pop(name)._close()

    def copy_of(self, name: str) -> Any:
        return self.ends[name].backup(), self.path(name).read_bytes()

    def put_back(self, name: str, copy: Any) -> None:
        ledger, file = copy
        super().put_back(name, ledger)
        self.path(name).write_bytes(file)

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.inline.stop()
            self.no_sync.stop()
            shutil.rmtree(self.folder)


TestOnHub = OnHub.TestCase
TestOnHub.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestOnFiles = OnFiles.TestCase
TestOnFiles.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)
