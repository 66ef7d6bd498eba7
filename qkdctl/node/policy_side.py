"""The policies of a node: its library, followed by what the network decides, and told of in ledger and alarms."""

import asyncio
from collections import ChainMap
from collections.abc import Callable, Iterable
from dataclasses import replace

import structlog

from qkdctl.agreement.application import Terms
from qkdctl.agreement.state import AgreedState
from qkdctl.clock import Clock
from qkdctl.config.model import Config
from qkdctl.control.alarms import Alarms, Severity
from qkdctl.control.epoch import EpochOutcome
from qkdctl.control.journal import Journal
from qkdctl.library.card import Card
from qkdctl.library.following import Situation
from qkdctl.library.library import Library
from qkdctl.library.lifecycle import LifecycleError
from qkdctl.library.manifest import trusted
from qkdctl.library.shadow import FAILURES_IN_A_ROW, Scene, ShadowFigures
from qkdctl.library.shadows import Shadows
from qkdctl.library.shelf import Shelf
from qkdctl.policy.baselines import BASELINES
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.proposal import Policy
from qkdctl.policy.watch import PolicyWatch
from qkdctl.records.act import Act, ActivatePolicy, ActState, WithdrawAct
from qkdctl.records.encoding import Canonical

log = structlog.get_logger(__name__)
FAILING = "policy-library-failing"


class PolicySide:
    """Everything of a node that is about policy files.

    Args:
        config: of the node.
        configured: the policy that it names, at hand without the library.
        journal, alarms, clock: of the node.
        filed: acts that the operator of this node wants and that have no number yet.

    Attributes:
        at_hand: policies by identity: baselines, the configured one, those of the library.
        library: files that operators have staged.
        shadows: those of them that propose without effect.
    """

    def __init__(
        self,
        config: Config,
        configured: Policy,
        journal: Journal,
        alarms: Alarms,
        clock: Clock,
        filed: Callable[[], Iterable[Act | WithdrawAct]],
    ) -> None:
        self._decided = Situation(0, configured.identity)
        self._filed = filed
        self._configured = {configured.identity: configured}
        others = ChainMap[str, Policy](self._configured, dict(BASELINES))
        self.library = Library(
            Shelf(config.node.state_directory / "policies"),
            trusted(config.policy.trusted_keys),
            clock,
            len(config.links),
            others,
            lambda: self.situation,
            self._stepped,
        )
        self.shadows = Shadows(clock, self._shadow_seen)
        self.at_hand = ChainMap[str, Policy](*others.maps, self.library.policies)
        self._shield_before = ShieldHistory()
        self._name = config.node.name
        self._journal = journal
        self._alarms = alarms
        self._following: asyncio.Task[None] | None = None
        self._dismissing: dict[str, asyncio.Task[None]] = {}

    @property
    def situation(self) -> Situation:
        """What the network has decided, and what this node would have it decide."""
        return replace(self._decided, proposed={*self._decided.proposed, *_activated(self._filed())})

    async def open(self) -> None:
        """Read the library; a node with a broken one works without it."""
        try:
            complaints = await self.library.open()
        except OSError as error:
            complaints = [str(error)]
        for complaint in complaints:
            self._alarms.raise_("policy-rejected", "library", complaint)

    def take(self, policy: Policy) -> None:
        """The configuration names another policy; of the earlier ones only those stay that may be needed again."""
        for identity in [known for known in self._configured if known not in self.situation.needed]:
            del self._configured[identity]
        self._configured[policy.identity] = policy

    def resume(self, epoch: int, policy: str, state: AgreedState | None) -> None:
        """Go on after what the store holds.

        Args:
            epoch: that was decided last; 0 before the first.
            policy: in force.
            state: after that epoch; None before the first.
        """
        self._shield_before = ShieldHistory() if state is None else state.shield
        if state is None:
            self._take_situation(epoch, policy, PolicyWatch(), ())
        else:
            self._take_situation(epoch, policy, state.watch, state.book.standing.values())

    def take_outcome(self, outcome: EpochOutcome, terms: Terms) -> None:
        """An epoch has been decided: cards follow beside the epochs, policies in shadow see what there was to see."""
        agreed = outcome.agreed
        self._take_situation(outcome.epoch, agreed.book.policy, agreed.watch, agreed.book.standing.values())
        self._show(Scene(outcome.state, terms.table, terms.shield, self._shield_before, outcome.plan))
        self._shield_before = outcome.agreed.shield

    async def stop(self) -> None:
        """Let what is under way come to its end."""
        await self.shadows.stop()
        under_way = [*self._dismissing.values(), *([self._following] if self._following else [])]
        await asyncio.gather(*under_way, return_exceptions=True)

    def _take_situation(self, epoch: int, policy: str, watch: PolicyWatch, acts: Iterable[ActState]) -> None:
        proposed = _activated(state.act for state in acts)
        self._decided = Situation(epoch, policy, "".join(watch.previous), watch.rolled_back, proposed)
        if self.library.is_behind() and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._follow(), name="policy cards")

    def _show(self, scene: Scene) -> None:
        watched = {
            sha256: self.library.policies[sha256]
            for sha256, card in self.library.cards.items()
            if card.life.stage == "shadow" and sha256 in self.library.policies
        }
        self.shadows.watch(watched, scene)

    def _shadow_seen(self, sha256: str, figures: ShadowFigures) -> None:
        """The ledger has the figures; what fails too often is watched no longer."""
        about: dict[str, Canonical] = {
            "policy": sha256,
            "step": "in-shadow",
            "epochs": figures.epochs,
            "links": figures.links,
            "same": figures.same,
            "touched": figures.touched,
            "margin": figures.margin,
            "failures": figures.failures,
            "slowest_us": round(1e6 * figures.slowest_s),
        }
        if figures.in_a_row <= FAILURES_IN_A_ROW:
            self._journal.note("policy", about)
        if figures.in_a_row >= FAILURES_IN_A_ROW and sha256 not in self._dismissing:
            why = f"{figures.failed_by}: no usable values in {FAILURES_IN_A_ROW} epochs in a row"
            if figures.in_a_row == FAILURES_IN_A_ROW:
                # over at once, and critical, so that it stays until somebody has seen it
                self._alarms.raise_("policy-shadow-failed", sha256[:12], why, Severity.CRITICAL)
                self._alarms.clear("policy-shadow-failed", sha256[:12])
            task = asyncio.create_task(self._dismiss(sha256, why), name="policy leaves shadow")
            self._dismissing[sha256] = task
            task.add_done_callback(lambda _: self._dismissing.pop(sha256, None))

    async def _dismiss(self, sha256: str, why: str) -> None:
        try:
            await self.library.step(sha256, "roll-back", why)
        except (KeyError, LifecycleError) as error:
            log.info("policy has left shadow already", policy=sha256[:12], why=str(error))
        except OSError as error:
            self._alarms.raise_(FAILING, self._name, f"what became of policies is not written down: {error}")

    async def _follow(self) -> None:
        try:
            await self.library.follow()
        except OSError as error:
            self._alarms.raise_(FAILING, self._name, f"what became of policies is not written down: {error}")
        else:
            self._alarms.clear(FAILING, self._name)

    def _stepped(self, card: Card) -> None:
        event = card.life.events[-1]
        manifest = card.manifest
        about: dict[str, Canonical] = {
            "policy": manifest.sha256,
            "name": manifest.name,
            "version": manifest.version,
            "step": event.step,
            "stage": event.stage,
            "why": event.why,
        }
        self._journal.note("policy", about)
        log.info("policy file", policy=card.manifest.sha256[:12], stage=event.stage, why=event.why)


def _activated(acts: Iterable[Act | WithdrawAct]) -> frozenset[str]:
    """Identities of the policies that these acts would bring into force."""
    return frozenset(act.policy for act in acts if isinstance(act, ActivatePolicy))
