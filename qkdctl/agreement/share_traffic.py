"""Shares between a node and its peers, encrypted and read beside everything else: a key server may take its time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog

from qkdctl.abft.act_messages import KeyShare
from qkdctl.abft.packet import Spoken
from qkdctl.abft.sealed_share import SealedShare
from qkdctl.agreement.confiding import Confidant, ConfidingError, KeyShortageError
from qkdctl.keys.base import KeySourceError

log = structlog.get_logger(__name__)
MOST_WAITING = 256
"""Shares to and from one peer that wait or are under way; what is beyond is dropped, and asked for again."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What one share at a time is done for: the same one sent twice takes one place, so does any for one number read.

    Attributes:
        committee: of a share to the peer; None of one from it.
    """

    number: int
    committee: int | None


class ShareTraffic:
    """Carries shares, for each peer one after the other, for different peers at the same time.

    Args:
        confidant: encrypts and decrypts.
        send: hands messages to peers, soon or never.
        arrived: takes shares that were read, with their senders.
    """

    def __init__(
        self,
        confidant: Confidant,
        send: Callable[[Iterable[tuple[str, Spoken]]], None],
        arrived: Callable[[str, KeyShare], Awaitable[None]],
    ) -> None:
        self._confidant = confidant
        self._send = send
        self._arrived = arrived
        self._waiting: dict[str, dict[_Place, KeyShare | SealedShare]] = {}
        self._short: set[str] = set()
        self._something = asyncio.Event()

    def give(self, peer: str, share: KeyShare) -> None:
        """Send a share to a peer, soon or never."""
        self._put(peer, _Place(share.number, share.committee), share)

    def take(self, peer: str, sealed: SealedShare) -> None:
        """Read a share from a peer, soon or never."""
        self._put(peer, _Place(sealed.number, None), sealed)

    async def run(self) -> None:
        """Work until cancelled; what is under way then is given up."""
        tasks: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                await self._something.wait()
                self._something.clear()
                for peer in self._waiting:
                    if peer not in tasks or tasks[peer].done():
                        tasks[peer] = asyncio.create_task(self._serve(peer), name=f"shares {peer}")
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)

    def _put(self, peer: str, place: _Place, share: KeyShare | SealedShare) -> None:
        waiting = self._waiting.setdefault(peer, {})
        if place in waiting or len(waiting) >= MOST_WAITING:
            log.info("share dropped, others are under way", peer=peer, act=place.number)
            return
        waiting[place] = share
        self._something.set()

    async def _serve(self, peer: str) -> None:
        """All that waits, oldest first; a share keeps its place until it is done with."""
        waiting = self._waiting[peer]
        while waiting:
            place, share = next(iter(waiting.items()))
            try:
                await self._carry(peer, share)
            except KeyShortageError as error:
                self._note_shortage(peer, error)
            except ConfidingError as error:
                log.info("share not carried", act=place.number, error=str(error))
            except KeySourceError as error:
                log.warning("no key for a share", peer=peer, act=place.number, error=str(error))
            except Exception:
                log.exception("share lost", peer=peer, act=place.number)
            del waiting[place]

    async def _carry(self, peer: str, share: KeyShare | SealedShare) -> None:
        if isinstance(share, KeyShare):
            self._send([(peer, await self._confidant.confide(share, peer))])
            if peer in self._short:
                self._short.discard(peer)
                log.info("there is key for shares", peer=peer)
        else:
            await self._arrived(peer, await self._confidant.receive(share, peer))

    def _note_shortage(self, peer: str, error: KeyShortageError) -> None:
        """Once for as long as it lasts: every share is asked for again after each decision."""
        if peer not in self._short:
            self._short.add(peer)
            log.info("shares wait for key, usual for some seconds after a start", peer=peer, reason=str(error))
