"""Two nodes that talk over a network that the test plays."""

import copy
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from qkdctl.auth.authenticator import Authenticator
from qkdctl.auth.errors import Refused
from qkdctl.auth.ledger import MemoryLedger
from qkdctl.auth.levels import Way
from qkdctl.auth.limits import Limits
from qkdctl.keys.base import KeySource
from qkdctl.keys.hub import KeyHub


@dataclass
class End:
    """One node: its process, its store, its keys.

    Attributes:
        got: payloads handed on, in order.
        refused: causes, in order.
    """

    name: str
    peer: str
    source: KeySource
    limits: Limits
    token: Callable[[int], bytes]
    ledger: MemoryLedger = field(default_factory=MemoryLedger)
    got: list[bytes] = field(default_factory=list)
    refused: list[type[Refused]] = field(default_factory=list)
    process: Authenticator | None = None

    @property
    def auth(self) -> Authenticator:
        """The running process."""
        assert self.process is not None
        return self.process

    async def start(self) -> None:
        """A new process on the same store; a former one is simply gone."""
        self.process = await Authenticator.start(
            {self.peer: Way()}, self.source, self.ledger, limits=self.limits, token=self.token
        )

    async def say(self, payload: bytes) -> bytes | None:
        """What leaves for the peer."""
        return (await self.auth.seal({self.peer: payload})).get(self.peer)

    async def answer(self) -> bytes | None:
        """What the process owes to the peer by itself."""
        return (await self.auth.seal({})).get(self.peer)

    def hear(self, sealed: bytes | None) -> type[Refused] | bytes | None:
        """What becomes of a packet: a payload, or the cause of refusal."""
        if sealed is None:
            return None
        try:
            payload = self.auth.open(self.peer, sealed)
        except Refused as refusal:
            self.refused.append(type(refusal))
            return type(refusal)
        self.got.append(payload)
        return payload

    async def refill(self) -> None:
        """Get keys, and open what waited for them."""
        for sealed in await self.auth.refill(self.peer):
            self.hear(sealed)

    def backup(self) -> MemoryLedger:
        """A copy of the store."""
        return copy.deepcopy(self.ledger)


def tokens(prefix: bytes) -> Callable[[int], bytes]:
    """Session numbers that differ."""
    numbers = itertools.count(1)
    return lambda length: prefix + next(numbers).to_bytes(length - len(prefix))


@dataclass
class Pair:
    """Nodes a and b."""

    a: End
    b: End

    @classmethod
    def on_hub(cls, hub: KeyHub, limits: Limits | None = None) -> "Pair":
        """Nodes that share a hub."""
        bounds = limits or Limits()
        return cls(
            End("a", "b", hub.source("a"), bounds, tokens(b"a")), End("b", "a", hub.source("b"), bounds, tokens(b"b"))
        )

    @classmethod
    def on_files(cls, a: KeySource, b: KeySource) -> "Pair":
        """Nodes with a source each."""
        bounds = Limits(reserve_bits=0)
        return cls(End("a", "b", a, bounds, tokens(b"a")), End("b", "a", b, bounds, tokens(b"b")))

    def ways(self) -> Iterator[tuple[End, End]]:
        """Sender and receiver, both directions."""
        yield self.a, self.b
        yield self.b, self.a

    async def start(self) -> None:
        """Start both."""
        await self.a.start()
        await self.b.start()

    async def settle(self, turns: int = 6) -> None:
        """Everybody gets keys and answers, and nothing is lost."""
        for _ in range(turns):
            for sender, receiver in self.ways():
                await sender.refill()
                receiver.hear(await sender.answer())
                await receiver.refill()

    async def meet(self) -> None:
        """Start both and let them find each other."""
        await self.start()
        await self.settle(1)
        self.b.hear(await self.a.say(b"hello"))
        await self.settle()
        assert self.a.auth.in_step(self.a.peer)
        assert self.b.auth.in_step(self.b.peer)
        for end in (self.a, self.b):
            end.got.clear()
            end.refused.clear()
