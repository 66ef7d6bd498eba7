"""The node as the API sees it: documents out, typed refusals in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from qkdctl.api.errors import UnavailableError, UnknownNameError
from qkdctl.api.facade import AttributeValue, Event, Json
from qkdctl.config.effective import effective
from qkdctl.config.model import Config
from qkdctl.node.acts_desk import ActsDesk
from qkdctl.node.acts_view import acts_view
from qkdctl.node.agreement_views import agreement_view, summary_view
from qkdctl.node.answers import SCHEMA, done
from qkdctl.node.device_desk import DeviceDesk
from qkdctl.node.evidence_view import evidence_view
from qkdctl.node.health import complaints
from qkdctl.node.link_desk import LinkDesk
from qkdctl.node.node import Node
from qkdctl.node.node_views import device_now, link_now
from qkdctl.node.policy_desk import PolicyDesk
from qkdctl.node.routes_view import routes_view
from qkdctl.node.views import alarm_view, epoch_view
from qkdctl.node.weights_view import weights_view
from qkdctl.policy.baselines import BASELINES
from qkdctl.store.chain import Entry

Reload = Callable[[str], Awaitable[str]]


class Facade:
    """Implements `qkdctl.api.facade.NodeFacade` over a running node.

    Args:
        node: the node.
        reload: reads the configuration again and says what came of it.
    """

    def __init__(self, node: Node, reload: Reload) -> None:
        self._node = node
        self._reload = reload
        self._acts = ActsDesk(node)
        self._devices = DeviceDesk(node)
        self._links = LinkDesk(node)
        self._policies = PolicyDesk(node)

    def status(self) -> Json:
        """The whole node at one glance."""
        node = self._node
        return {
            "schema_version": SCHEMA,
            "node": node.config.node.name,
            "version": node.version,
            "state": node.state,
            "epoch": node.epochs.epoch,
            "uptime_s": node.uptime_s,
            "policy": self._policy(),
            "agreement": summary_view(node),
            "devices": self.devices(),
            "links": self.links(),
            "alarms": self.alarms(),
            "ledger": {"sequence": node.journal.head.sequence, "head": node.journal.head.hash},
            "complaints": complaints(node),
        }

    def devices(self) -> list[Json]:
        """All devices, in the order of the configuration."""
        return [device_now(self._node, name) for name in self._node.supervisors]

    def device(self, name: str) -> Json:
        """One device."""
        self._devices.find(name)
        return device_now(self._node, name)

    def links(self) -> list[Json]:
        """All links, in the order of the configuration."""
        return [link_now(self._node, name) for name in self._node.links]

    def link(self, name: str) -> Json:
        """One link."""
        self._links.find(name)
        return link_now(self._node, name)

    async def history(self, link: str, limit: int) -> list[Json]:
        """The last epochs of a link, oldest first."""
        self._links.find(link)
        views = [view for outcome in self._node.epochs.outcomes if (view := epoch_view(outcome, link)) is not None]
        return views[-limit:] if limit else []

    async def ledger(self, after: int, limit: int) -> list[Json]:
        """Ledger entries above a sequence, oldest first."""
        return [_entry(entry) for entry in await self._node.store.ledger.since(after, limit)]

    async def reports(self, digests: Sequence[str]) -> dict[str, str]:
        """Texts of node reports by digest."""
        return await self._node.store.decisions.reports(digests)

    def agreement(self) -> Json:
        """How the agreement stands."""
        return agreement_view(self._node)

    def weights(self, history: int) -> Json:
        """What the word of each node weighs."""
        return weights_view(self._node, history)

    async def evidence(self, epoch: int | None) -> Json:
        """What was claimed and concluded in an epoch."""
        outcomes = list(self._node.epochs.outcomes)
        if not outcomes:
            raise UnavailableError(
                "this process has seen no decision yet", hint="'qkdctl abft status' tells how it stands"
            )
        known = {outcome.epoch: outcome for outcome in outcomes}
        wanted = outcomes[-1].epoch if epoch is None else epoch
        if wanted not in known:
            raise UnknownNameError("epoch in memory", str(wanted), [f"{outcomes[0].epoch} to {outcomes[-1].epoch}"])
        table = self._node.side.terms().table
        return await asyncio.to_thread(evidence_view, known[wanted], known.get(wanted - 1), table)

    def agreement_counts(self) -> Json:
        """Counts since the start, for metrics."""
        figures = self._node.figures
        verdicts = [[node, cause, count] for (node, cause), count in sorted(figures.verdicts.items())]
        return {"late": dict(figures.late), "verdicts": verdicts}

    def acts(self) -> Json:
        """Acts that need the word of several operators."""
        return acts_view(self._node)

    async def file_act(self, act: Json, who: str) -> Json:
        """Want an act and approve it."""
        return await self._acts.file(act, who)

    async def approve_act(self, number: int, who: str) -> Json:
        """Stand by an open act."""
        return await self._acts.approve(number, who)

    async def withdraw_act(self, who: str) -> Json:
        """Take back the act that was filed at this node."""
        return await self._acts.withdraw(who)

    def policies(self) -> Json:
        """What decides, and which policies are at this node."""
        return self._policies.view()

    async def policy_content(self, policy: str) -> Json:
        """A file as base64."""
        return await self._policies.content(policy)

    async def stage_policy(self, data: str, manifest: str, name: str, who: str) -> Json:
        """Take a file in and vet it."""
        return await self._policies.stage(data, manifest, name, who)

    async def shadow_policy(self, policy: str, who: str, *, watch: bool) -> Json:
        """Have a policy propose in every epoch without effect, or no longer."""
        return await self._policies.shadow(policy, who, watch=watch)

    async def canary_policy(self, policy: str, links: list[str], until: int, base: str, who: str) -> Json:
        """Put a combination at hand: a policy on some links, another one on all others."""
        return await self._policies.canary(policy, links, until, base, who)

    async def activate_policy(self, policy: str, who: str) -> Json:
        """Want the act that activates a policy, and approve it."""
        return await self.file_act({"kind": "activate-policy", "policy": self._policies.identity(policy)}, who)

    async def rollback_policy(self, who: str) -> Json:
        """Want the act that activates the policy that was in force before."""
        return await self.activate_policy(self._policies.before(), who)

    def routes(self) -> Json:
        """Over which nodes keys travel, and how this one serves that."""
        node = self._node
        return routes_view(node.config.node.name, node.application.state, node.side.terms().demands, node.relaying)

    def configuration(self) -> list[Json]:
        """Every effective value with its source, redacted."""
        return configuration_view(self._node.config)

    def alarms(self) -> list[Json]:
        """Alarms raised or not yet acknowledged."""
        return [alarm_view(alarm) for alarm in self._node.alarms.listed()]

    async def set_attribute(
        self, device: str, attribute: str, value: AttributeValue, who: str, *, dry_run: bool
    ) -> Json:
        """Set one attribute and read it back; with `dry_run` only say what would happen."""
        return await self._devices.set_attribute(device, attribute, value, who, dry_run=dry_run)

    async def hold(self, link: str, who: str) -> Json:
        """Keep the link's present settings."""
        return await self._links.hold(link, who)

    async def make_safe(self, link: str, who: str) -> Json:
        """Make the link dark and keep it so."""
        return await self._links.make_safe(link, who)

    async def safe_all(self, who: str) -> Json:
        """Make every source dark and keep all links safe."""
        return await self._links.safe_all(who)

    async def resume(self, link: str, who: str) -> Json:
        """Give the link back to the policy."""
        return await self._links.resume(link, who)

    async def calibrate(self, link: str, who: str) -> Json:
        """Measure and store the calibration record."""
        return await self._links.calibrate(link, who)

    async def realign(self, link: str, who: str) -> Json:
        """Re-align the link now."""
        return await self._links.realign(link, who)

    async def acknowledge_alarm(self, alarm: str, who: str) -> Json:
        """Note that somebody has seen it."""
        known = {str(entry.number) for entry in self._node.alarms.listed()}
        if alarm not in known:
            raise UnknownNameError("alarm", alarm, known)
        self._node.alarms.acknowledge(int(alarm), who)
        return done(alarm, f"alarm {alarm} acknowledged by {who}")

    async def reload(self, who: str) -> Json:
        """Apply a changed configuration as a whole, or not at all."""
        return done("node", await self._reload(who))

    def complaints(self) -> list[str]:
        """What keeps the daemon from being healthy."""
        return complaints(self._node)

    def ready(self) -> bool:
        """True once devices have been started and epochs run."""
        return self._node.is_ready and not self._node.is_stopping

    def subscribe(self) -> AsyncIterator[Event]:
        """Events from now on."""
        return self._node.broadcast.subscribe()

    def _policy(self) -> Json:
        identity, state = self._node.application.book.policy, self._node.application.state
        is_file, path = identity not in BASELINES, self._node.config.policy.file
        card = self._node.policy_side.library.cards.get(identity)
        name = identity if card is None else card.manifest.name
        return {
            "kind": "onnx" if is_file else identity,
            "name": path.name if is_file and path is not None and identity == self._node.wish.identity else name,
            "digest": identity if is_file else "",
            "ejected": state is not None and bool(state.ejected),
            "fallbacks": self._node.figures.fallbacks,
        }


def configuration_view(config: Config) -> list[Json]:
    """Effective values with their sources."""
    return [item.to_plain() for item in effective(config)]


def _entry(entry: Entry) -> Json:
    return {
        "sequence": entry.sequence,
        "wall_ms": entry.wall_ms,
        "kind": entry.kind,
        "payload": dict(entry.payload),
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }
