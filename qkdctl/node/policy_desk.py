"""What operators ask of the policies of a node, and documents about them."""

from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from qkdctl.api.errors import ConflictError, InvalidValueError, UnavailableError, UnknownNameError
from qkdctl.config.suggestions import listing
from qkdctl.library.card import Card
from qkdctl.library.lifecycle import LifecycleError
from qkdctl.library.manifest import Manifest
from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.canary import Canary
from qkdctl.policy.failure import PolicyRejected

if TYPE_CHECKING:
    from qkdctl.library.library import Library
    from qkdctl.node.node import Node

Json = dict[str, Any]


class PolicyDesk:
    """Orders about policy files.

    Args:
        node: the running node.
    """

    def __init__(self, node: "Node") -> None:
        self._node = node

    def view(self) -> Json:
        """All policies at this node (`policy_models.Policies`)."""
        situation, side = self._node.policy_side.situation, self._node.policy_side
        state = self._node.application.state
        return {
            "epoch": situation.epoch,
            "policy": situation.policy,
            "previous": situation.previous,
            "rolled_back": sorted(situation.rolled_back),
            "ejected": state is not None and bool(state.ejected),
            "at_hand": situation.policy in side.at_hand,
            "configured": self._node.wish.identity,
            "trusted_signers": sorted(side.library.signers),
            "files": [{**_file(card), "shadow": self._shadow(card)} for card in self._cards()],
        }

    async def stage(self, data: str, manifest: str, name: str, who: str) -> Json:
        """Take in a file, given as base64, and vet it.

        Raises:
            InvalidValueError: it is no policy that this node takes.
            ConflictError: it is here already.
            UnavailableError: it cannot be written.
        """
        try:
            content = b64decode(data, validate=True)
        except ValueError as error:
            raise InvalidValueError(f"the data are no base64: {error}") from error
        try:
            about = Manifest.read(manifest) if manifest else None
            card = await self._library.stage(content, about, name, who)
        except PolicyRejected as rejection:
            raise InvalidValueError(
                f"rejected: {rejection}", hint="the policy in force and all others stay as they are"
            ) from rejection
        except LifecycleError as error:
            raise ConflictError(str(error)) from error
        except OSError as error:
            raise UnavailableError(f"the file cannot be kept: {error}") from error
        return _file(card)

    async def shadow(self, policy: str, who: str, *, watch: bool) -> Json:
        """Have a policy propose in every epoch without effect, or no longer.

        Raises:
            UnknownNameError: there is no such file.
            ConflictError: its stage does not allow it.
            UnavailableError: it cannot be written.
        """
        try:
            card = await self._library.step(self.find(policy), "watch" if watch else "leave", who)
        except KeyError as error:
            raise self._unknown(policy) from error  # forgotten meanwhile, to make room
        except LifecycleError as error:
            raise ConflictError(str(error)) from error
        except OSError as error:
            raise UnavailableError(f"it cannot be written: {error}") from error
        return _file(card)

    async def canary(self, policy: str, links: list[str], until: int, base: str, who: str) -> Json:
        """Put a combination at hand: a policy on some links, another one on all others.

        Raises:
            UnknownNameError: there is no such policy or link.
            InvalidValueError: the time is over, or both are the same.
            ConflictError: one of the two is not at hand, or there is no room.
            UnavailableError: it cannot be written.
        """
        known = {facts.link for facts in self._node.side.terms().table.links}
        for link in links:
            if link not in known:
                raise UnknownNameError("link", link, known)
        if until <= self._node.epochs.epoch:
            raise InvalidValueError(f"epoch {until} is over", expected=f"one after {self._node.epochs.epoch}")
        tried, rest = self.identity(policy), self.identity(base) if base else self._node.policy_side.situation.policy
        try:
            combined = Canary(base=rest, policy=tried, links=tuple(sorted(set(links))), until=until)
        except ValidationError as error:
            raise InvalidValueError(error.errors()[0]["msg"]) from error
        name = self._library.cards[tried].manifest.name if tried in self._library.cards else policy
        try:
            card = await self._library.combine(combined, f"{name[:56]}-canary", who)
        except KeyError as error:
            raise ConflictError(f"policy {error.args[0][:12]} is not at hand", hint="stage it first") from error
        except LifecycleError as error:
            raise ConflictError(str(error)) from error
        except OSError as error:
            raise UnavailableError(f"it cannot be written: {error}") from error
        return _file(card)

    async def content(self, policy: str) -> Json:
        """A file as base64 with its manifest.

        Raises:
            UnknownNameError: there is no such file.
            UnavailableError: it cannot be read, or was rejected and is not kept.
        """
        sha256 = self.find(policy)
        manifest = self._library.cards[sha256].manifest
        try:
            data = await self._library.read(sha256)
        except OSError as error:
            raise UnavailableError(f"the file is not kept: {error.strerror}") from error
        return {"manifest": manifest.to_plain(), "data": b64encode(data).decode("ascii")}

    def identity(self, policy: str) -> str:
        """What an act calls a policy: a baseline by its name, a file that passed vetting by its digest.

        Raises:
            UnknownNameError: there is none.
            ConflictError: it is not at hand.
        """
        if policy in BASELINES or policy in self._node.policies:
            return policy
        sha256 = self.find(policy, besides=tuple(BASELINES))
        if sha256 not in self._node.policies:
            life = self._library.cards[sha256].life
            raise ConflictError(f"{policy} is {life.stage}", expected="a policy that has passed vetting")
        return sha256

    def before(self) -> str:
        """Identity of the policy that was in force before.

        Raises:
            ConflictError: there was none.
        """
        previous = self._node.policy_side.situation.previous
        if not previous:
            raise ConflictError("no other policy was in force before", hint="activate one by name, such as rule-based")
        return previous

    def find(self, policy: str, besides: tuple[str, ...] = ()) -> str:
        """SHA-256 of a file in the library.

        Args:
            policy: what it is called.
            besides: policies without a file that would have been right too, for the refusal.

        Raises:
            UnknownNameError: there is none, or the text means several.
        """
        try:
            return self._library.resolve(policy)
        except KeyError as error:
            raise self._unknown(policy, besides) from error

    def _unknown(self, policy: str, besides: tuple[str, ...] = ()) -> UnknownNameError:
        return UnknownNameError(
            "policy",
            policy,
            {*besides, *(card.manifest.name for card in self._cards())},
            expected=listing([*besides, "a policy that 'qkdctl policy list' shows"]),
            hint="stage it first: qkdctl policy stage FILE",
        )

    def _shadow(self, card: Card) -> Json | None:
        figures = self._node.policy_side.shadows.figures.get(card.manifest.sha256)
        return None if figures is None or card.life.stage != "shadow" else asdict(figures)

    @property
    def _library(self) -> "Library":
        return self._node.policy_side.library

    def _cards(self) -> list[Card]:
        return sorted(self._library.cards.values(), key=lambda card: (card.manifest.version, card.manifest.sha256))


def _file(card: Card) -> Json:
    events = [event.to_plain() for event in card.life.events]
    canary = card.canary[0].to_plain() if card.canary else None
    about = {"stage": card.life.stage, "code": card.life.code, "events": events, "canary": canary}
    return {**card.manifest.to_plain(), **about}
