"""The policy files of one node: what was staged, what each has been through, and those that are at hand."""

import asyncio
import hashlib
from collections import ChainMap
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from qkdctl.clock import Clock
from qkdctl.library.admission import admit, check_outside, load
from qkdctl.library.card import Card
from qkdctl.library.catalogue import manifest_in_force, meant_by, next_version
from qkdctl.library.combinations import check_nesting, parts_first
from qkdctl.library.following import Situation, due
from qkdctl.library.lifecycle import Life, LifecycleError, Step
from qkdctl.library.manifest import Manifest, check_name
from qkdctl.library.room import KEPT, least_useful
from qkdctl.library.shadows import MOST
from qkdctl.library.shelf import Shelf
from qkdctl.policy.canary import Canary, CanaryPolicy
from qkdctl.policy.failure import PolicyRejected
from qkdctl.policy.proposal import Policy

log = structlog.get_logger(__name__)


class Library:
    """Takes files in, remembers what they have been through, and keeps the good ones ready.

    One command runs at a time; reading never waits. Whatever goes wrong with a file, the others stay as they are.

    Args:
        shelf: where files lie.
        keys: trusted signers by name.
        clock: of the node.
        warm_links: links of the network.
        others: policies by identity that are at hand without this library.
        situation: gives what the network has decided.
        on_step: told of each step that is on disk; must not block.

    Attributes:
        policies: at hand, by identity.
        cards: all files, by SHA-256.
    """

    def __init__(
        self,
        shelf: Shelf,
        keys: Mapping[str, Ed25519PublicKey],
        clock: Clock,
        warm_links: int,
        others: Mapping[str, Policy],
        situation: Callable[[], Situation],
        on_step: Callable[[Card], None],
    ) -> None:
        self.policies: dict[str, Policy] = {}
        self.cards: dict[str, Card] = {}
        self._shelf = shelf
        self._keys = keys
        self._clock = clock
        self._warm_links = warm_links
        self._others = others
        self._situation = situation
        self._on_step = on_step
        self._turn = asyncio.Lock()

    @property
    def signers(self) -> Collection[str]:
        """Names of trusted signers."""
        return self._keys.keys()

    async def open(self) -> list[str]:
        """Read what was there before; a file that is no good any more is rejected, one left half way is vetted now.

        Returns:
            What could not be read, for an operator.

        Raises:
            OSError: the folder cannot be made.
        """
        async with self._turn:
            cards, complaints = await asyncio.to_thread(self._shelf.open)
            self.cards = {card.manifest.sha256: card for card in cards}
            for card in parts_first(cards):
                try:
                    await self._ready(card)
                except (PolicyRejected, LifecycleError, OSError) as error:
                    complaints.append(f"policy {card.manifest.name}: {error}")
            return complaints

    async def stage(self, data: bytes, manifest: Manifest | None, name: str, who: str) -> Card:
        """Take a file in and vet it.

        Args:
            data: content of the file.
            manifest: that came with it; without one this node writes one, of the next version.
            name: for people, where there is no manifest.
            who: asks for it.

        Returns:
            The card of the file, which is `vetted`.

        Raises:
            PolicyRejected: what is wrong with it, told from outside the card says so too.
            LifecycleError: it is here already.
            OSError: it could not be written.
        """
        async with self._turn:
            sha256 = hashlib.sha256(data).hexdigest()
            made = manifest or Manifest(name=name, sha256=sha256, size=len(data), version=next_version(self.cards))
            check_name(made)
            check_outside(data, made, self._keys, manifest_in_force(self._situation().policy, self.cards))
            card = self._staged(made, who)
            if sha256 not in self.cards and len(self.cards) >= KEPT:
                await admit(data, self._warm_links)  # nothing is forgotten for a file that is no good
                await self._make_room()
            await asyncio.to_thread(self._shelf.put_file, sha256, data)
            await self._keep(card)
            card = await self._vet(card, data)
            self._combine_again()
            return card

    async def combine(self, canary: Canary, name: str, who: str) -> Card:
        """Put a combination of two policies at hand.

        Args:
            canary: says who decides where; nodes that are told the same have the same combination.
            name: for people.
            who: asks for it.

        Returns:
            Its card, also when it was here already.

        Raises:
            KeyError: one of the two is not at hand.
            LifecycleError: there is no room, or too much is combined already.
            OSError: it could not be written.
        """
        async with self._turn:
            policy = self._combined(canary)
            check_nesting(canary, self.cards)
            card = self.cards.get(policy.identity) or await self._begun(canary, name, who)
            if card.life.can("pass"):
                card = await self._step(card, "pass", f"{card.manifest.name} on {', '.join(canary.links)}")
            self.policies[policy.identity] = policy
            return card

    async def step(self, sha256: str, step: Step, why: str) -> Card:
        """Take a file one step further.

        Raises:
            KeyError: there is no such file.
            LifecycleError: its stage does not allow it, or enough others are in shadow.
            OSError: it could not be written.
        """
        async with self._turn:
            if step == "watch" and sum(card.life.stage == "shadow" for card in self.cards.values()) >= MOST:
                raise LifecycleError(f"{MOST} policies are in shadow already; take one out with --off")
            return await self._step(self.cards[sha256], step, why)

    async def follow(self) -> None:
        """Bring the cards in line with what the network has decided.

        Raises:
            OSError: it could not be written; the next call tries again.
        """
        async with self._turn:
            for card in list(self.cards.values()):
                if step := due(card, self.cards, self._situation()):
                    in_force = self._situation().policy
                    why = "decided" if step in ("activate", "try") else f"{in_force[:12]} is in force"
                    await self._step(card, step, why)

    def is_behind(self) -> bool:
        """Whether `follow` would do anything."""
        return any(due(card, self.cards, self._situation()) is not None for card in self.cards.values())

    def resolve(self, text: str) -> str:
        """SHA-256 of the file that a text means: its digest, 6 digits of it or more, or its name (the highest version).

        Raises:
            KeyError: it means none, or several.
        """
        return meant_by(text, self.cards)

    async def read(self, sha256: str) -> bytes:
        """Content of a file.

        Raises:
            OSError: it cannot be read, or was rejected and is not kept.
        """
        return await asyncio.to_thread(self._shelf.file, sha256)

    def _combined(self, canary: Canary) -> CanaryPolicy:
        known = ChainMap(self.policies, dict(self._others))
        return CanaryPolicy(canary, known[canary.base], known[canary.policy])

    def _combine_again(self) -> None:
        """Combinations that lacked a file may be complete now."""
        for card in parts_first(self.cards.values()):
            for canary in card.canary:
                with suppress(KeyError):
                    self.policies.setdefault(canary.digest(), self._combined(canary))

    async def _begun(self, canary: Canary, name: str, who: str) -> Card:
        size, version = len(canary.canonical()), next_version(self.cards)
        manifest = Manifest(name=name, sha256=canary.digest(), size=size, version=version)
        await self._make_room(canary.base, canary.policy)
        card = Card(
            manifest=manifest,
            life=Life.begun(self._clock.wall_ms(), self._situation().epoch, who),
            canary=(canary,),
        )
        await self._keep(card)
        return card

    async def _ready(self, card: Card) -> None:
        """At a start: load what had passed, vet what had not come to that."""
        if card.life.stage == "rejected":
            return
        policy = self._complete(card.canary[0]) if card.canary else await self._ready_file(card)
        if card.life.stage == "staged":
            await self._step(card, "pass", "")
        self.policies[card.manifest.sha256] = policy

    async def _ready_file(self, card: Card) -> Policy:
        try:
            data = await asyncio.to_thread(self._shelf.file, card.manifest.sha256)
        except FileNotFoundError:
            await self._step(card, "fail", "missing: its file is gone; stage it again")
            raise
        try:
            check_outside(data, card.manifest, self._keys, None)
            if card.life.stage == "staged":
                return await admit(data, self._warm_links)
            return await asyncio.to_thread(load, data, self._warm_links)
        except PolicyRejected as rejection:
            await self._step(card, "fail", str(rejection))
            raise

    def _complete(self, canary: Canary) -> CanaryPolicy:
        try:
            return self._combined(canary)
        except KeyError as error:
            raise LifecycleError(f"policy {error.args[0][:12]}, which it needs, is not at hand") from error

    async def _vet(self, card: Card, data: bytes) -> Card:
        try:
            policy = await admit(data, self._warm_links)
        except PolicyRejected as rejection:
            await self._step(card, "fail", str(rejection))
            raise
        card = await self._step(card, "pass", "")
        self.policies[card.manifest.sha256] = policy
        return card

    def _staged(self, manifest: Manifest, who: str) -> Card:
        wall_ms, epoch = self._clock.wall_ms(), self._situation().epoch
        known = self.cards.get(manifest.sha256)
        if known is None:
            return Card(manifest=manifest, life=Life.begun(wall_ms, epoch, who))
        if not known.life.can("stage"):
            raise LifecycleError(f"this file is here already, as {known.manifest.name}, {known.life.stage}")
        return Card(manifest=manifest, life=known.life.after("stage", wall_ms, epoch, who))

    async def _step(self, card: Card, step: Step, why: str) -> Card:
        life = card.life.after(step, self._clock.wall_ms(), self._situation().epoch, why)
        after = card.model_copy(update={"life": life})
        await self._keep(after)
        if life.stage == "rejected":
            self.policies.pop(card.manifest.sha256, None)
            await asyncio.to_thread(self._shelf.drop_file, card.manifest.sha256)
        return after

    async def _keep(self, card: Card) -> None:
        await asyncio.to_thread(self._shelf.put_card, card)
        self.cards[card.manifest.sha256] = card
        self._on_step(card)

    async def _make_room(self, *spared_too: str) -> None:
        """Forget the oldest file of the least use.

        Raises:
            LifecycleError: all are in use.
        """
        if len(self.cards) < KEPT:
            return
        oldest = least_useful(self.cards, {*self._situation().needed, *spared_too})
        if oldest is None:
            raise LifecycleError(
                f"{KEPT} policies are in use; take one out of shadow, or withdraw an act that would activate one"
            )
        await asyncio.to_thread(self._shelf.forget, oldest)
        self.policies.pop(oldest, None)
        del self.cards[oldest]
        log.info("policy forgotten, to make room", policy=oldest[:12])
