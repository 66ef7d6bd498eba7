"""Acts at work: what a node's `Acts` want done is stored, encrypted and sent; what peers send is decrypted."""

import asyncio
from collections.abc import Callable, Iterable

import structlog

from qkdctl.abft.act_messages import ActMessage, Confide, PartialTag, SharesWanted, Tell
from qkdctl.abft.act_signer import wanted_numbers
from qkdctl.abft.acts import Acts, Effect
from qkdctl.abft.effects import Alarm, Persist
from qkdctl.abft.packet import Spoken
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.agreement.confiding import Confidant
from qkdctl.agreement.share_traffic import ShareTraffic
from qkdctl.keys.base import KeySource
from qkdctl.records.act import Act, ActBook, ActReport
from qkdctl.store.errors import StoreError
from qkdctl.store.memories import Memories

log = structlog.get_logger(__name__)
ROOM = "acts"
FAILING = "acts-failing"


class ActDesk:
    """Runs the acts of one node; effects are executed one after the other, each write before what follows it.

    Shares alone wait for key, and nothing waits for them: `run` carries them. Once a write has failed there is one
    alarm, and nothing more is done until a restart, because what is in memory is not what is stored.

    Args:
        acts: of the node.
        memories: where they persist.
        source: of key for shares; None for a node alone.
        send: hands messages to peers, soon or never.
        alarm: somebody should know.
        book: after the last decision in the ledger.
    """

    def __init__(
        self,
        acts: Acts,
        memories: Memories,
        source: KeySource | None,
        send: Callable[[Iterable[tuple[str, Spoken]]], None],
        alarm: Callable[[Alarm], None],
        book: ActBook,
    ) -> None:
        self._acts = acts
        self._memories = memories
        self._traffic = None if source is None else ShareTraffic(Confidant(source), send, self._heard)
        self._send = send
        self._alarm = alarm
        self._book = book
        self._tried: set[tuple[str, int]] = set()
        self._turn = asyncio.Lock()
        self._is_broken = False

    async def run(self) -> None:
        """Carry shares until cancelled."""
        assert self._traffic is not None, "a node alone has nobody to share with"
        await self._traffic.run()

    def report(self) -> ActReport:
        """For the next report of this node."""
        return self._acts.report()

    def filed(self) -> tuple[Act, ...]:
        """What the operator of this node wants and has no number yet; at most one."""
        return self._acts.filed()

    def withdrawn(self) -> frozenset[int]:
        """Open acts that are withdrawn, those of this node also before it is decided."""
        return self._acts.withdrawn()

    def approved(self) -> frozenset[int]:
        """Open acts that the operator of this node stands by."""
        return self._acts.approved()

    async def decided(self, book: ActBook) -> None:
        """A decision is in force, or the node begins."""
        async with self._turn:
            self._book = book
            self._tried.clear()
            await self._if_whole(lambda: self._acts.decided(book))

    async def received(self, sender: str, message: PartialTag | SharesWanted | SealedShare) -> None:
        """A peer said something about acts, beyond doubt."""
        if isinstance(message, SealedShare):
            self._take(sender, message)
            return
        await self._heard(sender, message)

    async def file(self, act: Act) -> None:
        """The operator of this node wants an act.

        Raises:
            ActError: it cannot be.
            StoreError: it could not be stored.
        """
        async with self._turn:
            await self._execute(lambda: self._acts.file(act))

    async def approve(self, number: int) -> None:
        """The operator of this node stands by an open act.

        Raises:
            ActError: no such act is open, or it was withdrawn.
            StoreError: it could not be stored.
        """
        async with self._turn:
            await self._execute(lambda: self._acts.approve(number))

    async def withdraw(self) -> tuple[Act, int | None]:
        """The operator of this node no longer wants the act that was filed here.

        Returns:
            What was withdrawn, with its number, None where it had none yet.

        Raises:
            ActError: there is none, or it is withdrawn already.
            StoreError: it could not be stored.
        """
        async with self._turn:
            withdrawn = self._acts.under_way()
            await self._execute(self._acts.withdraw)
        assert withdrawn is not None, "without an act it is refused"
        return withdrawn

    async def _heard(self, sender: str, message: ActMessage) -> None:
        async with self._turn:
            await self._if_whole(lambda: self._acts.received(sender, message))

    def _take(self, sender: str, sealed: SealedShare) -> None:
        """Read a share if it is of use: made-up ones must cost the key server next to nothing.

        Each is tried once between two decisions. This node asks again after a decision, and not before.
        """
        assert self._traffic is not None, "a node alone hears from nobody"
        book, at = self._book, (sender, sealed.number)
        is_wanted = sealed.committee == book.committee and sealed.number in wanted_numbers(book)
        if self._is_broken or sender not in book.members or not is_wanted or at in self._tried:
            log.debug("share of no use", peer=sender, act=sealed.number)
            return
        self._tried.add(at)
        self._traffic.take(sender, sealed)

    async def _if_whole(self, work: Callable[[], list[Effect]]) -> None:
        """Like `_execute`, where nobody waits to hear of a failure: the alarm has told it."""
        try:
            await self._execute(work)
        except StoreError as error:
            log.debug("nothing done about acts", error=str(error))

    async def _execute(self, work: Callable[[], list[Effect]]) -> None:
        if self._is_broken:
            raise StoreError("acts stand still because their store has failed; restart the daemon")
        for effect in work():
            match effect:
                case Persist():
                    await self._persist(effect)
                case Tell():
                    self._send([(effect.to, effect.message)])
                case Confide():
                    assert self._traffic is not None, "a node alone confides in nobody"
                    self._traffic.give(effect.to, effect.message)
                case Alarm():
                    self._alarm(effect)

    async def _persist(self, effect: Persist) -> None:
        self._is_broken = True
        try:
            await self._memories.write(ROOM, effect.writes)
        except StoreError as error:
            self._alarm(Alarm(FAILING, "", f"acts stand still until the daemon is restarted: {error}"))
            raise
        self._is_broken = False
