"""Acts at work: what a node's `Acts` want done is stored, encrypted and sent; what peers send is decrypted."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from qkdctl.abft.act_messages import ActMessage, Confide, KeyShare, PartialTag, SharesWanted, Tell
from qkdctl.abft.acts import Acts, Effect
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.abft.packet import Spoken
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.agreement.confiding import Confidant, ConfidingError
from qkdctl.keys.base import KeySource, KeySourceError
from qkdctl.records.act import Act, ActBook, ActReport
from qkdctl.store.errors import StoreError
from qkdctl.store.memories import Memories

log = structlog.get_logger(__name__)
ROOM = "acts"


class ActDesk:
    """Runs the acts of one node; effects are executed one after the other, each write before what follows it.

    Once a write has failed nothing more is done until a restart, because what is in memory is not what is stored.

    Args:
        acts: of the node.
        memories: where they persist.
        source: of key for shares; None for a node alone.
        send: hands messages to peers, soon or never.
        alarm: somebody should know.
    """

    def __init__(
        self,
        acts: Acts,
        memories: Memories,
        source: KeySource | None,
        send: Callable[[Iterable[tuple[str, Spoken]]], None],
        alarm: Callable[[Alarm], None],
    ) -> None:
        self._acts = acts
        self._memories = memories
        self._confidant = None if source is None else Confidant(source)
        self._send = send
        self._alarm = alarm
        self._turn = asyncio.Lock()
        self._is_broken = False

    def report(self) -> ActReport:
        """For the next report of this node."""
        return self._acts.report()

    def approved(self) -> frozenset[int]:
        """Open acts that the operator of this node stands by."""
        return self._acts.approved()

    async def decided(self, book: ActBook) -> None:
        """A decision is in force, or the node begins."""
        async with self._turn:
            await self._execute(self._acts.decided(book))

    async def received(self, sender: str, message: PartialTag | SharesWanted | SealedShare) -> None:
        """A peer said something about acts, beyond doubt."""
        async with self._turn:
            opened: ActMessage
            if isinstance(message, SealedShare):
                share = await self._opened(sender, message)
                if share is None:
                    return
                opened = share
            else:
                opened = message
            await self._execute(self._acts.received(sender, opened))

    async def file(self, act: Act) -> None:
        """The operator of this node wants an act.

        Raises:
            ActError: it cannot be.
            StoreError: it could not be stored.
        """
        async with self._turn:
            await self._execute(self._acts.file(act))

    async def approve(self, number: int) -> None:
        """The operator of this node stands by an open act.

        Raises:
            ActError: no such act is open.
            StoreError: it could not be stored.
        """
        async with self._turn:
            await self._execute(self._acts.approve(number))

    async def _execute(self, effects: list[Effect]) -> None:
        if self._is_broken:
            raise StoreError("acts stand still because their store has failed; restart the daemon")
        for effect in effects:
            match effect:
                case Persist():
                    await self._persist(effect)
                case Tell():
                    self._send([(effect.to, effect.message)])
                case Confide():
                    await self._confide(effect)
                case Alarm():
                    self._alarm(effect)

    async def _persist(self, effect: Persist) -> None:
        self._is_broken = True
        await self._memories.write(ROOM, effect.writes)
        self._is_broken = False

    async def _confide(self, effect: Confide) -> None:
        """Send a share; one that cannot be sent now is asked for again."""
        assert self._confidant is not None, "a node alone confides in nobody"
        try:
            sealed = await self._confidant.confide(effect.message, effect.to)
        except (ConfidingError, KeySourceError) as error:
            log.debug("share not sent", peer=effect.to, act=effect.message.number, error=str(error))
            return
        self._send([(effect.to, sealed)])

    async def _opened(self, sender: str, message: SealedShare) -> KeyShare | None:
        assert self._confidant is not None, "a node alone hears from nobody"
        try:
            return await self._confidant.receive(message, sender)
        except (ConfidingError, KeySourceError) as error:
            log.debug("share not read", peer=sender, act=message.number, error=str(error))
            return None
