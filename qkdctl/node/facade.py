"""The node as the API sees it: documents out, typed refusals in."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

from pydantic import TypeAdapter

from qkdctl.abft.acts import ActError
from qkdctl.actuation.roles import NotReadyError
from qkdctl.agreement.act_desk import ActDesk
from qkdctl.api.errors import ConflictError, FacadeError, InvalidValueError, UnavailableError, UnknownNameError
from qkdctl.api.facade import AttributeValue, Event, Json
from qkdctl.audit.words import act_text
from qkdctl.config.effective import effective
from qkdctl.config.model import Config
from qkdctl.control.link import LinkController
from qkdctl.devices.errors import DeviceError, OutOfRangeError
from qkdctl.devices.supervisor import Supervisor
from qkdctl.node.acts_view import ABSENT_POLICY, acts_view, is_at_hand, not_open
from qkdctl.node.agreement_views import agreement_view, summary_view
from qkdctl.node.evidence_view import evidence_view
from qkdctl.node.guard import refuse_order
from qkdctl.node.health import complaints
from qkdctl.node.node import Node
from qkdctl.node.node_views import device_now, link_now
from qkdctl.node.policy_desk import PolicyDesk
from qkdctl.node.routes_view import routes_view
from qkdctl.node.views import alarm_view, epoch_view
from qkdctl.node.weights_view import weights_view
from qkdctl.policy.baselines import BASELINES
from qkdctl.records.act import Act, TaggedAct
from qkdctl.store.chain import Entry
from qkdctl.store.errors import StoreError
from qkdctl.store.link_modes import OrderedMode

Reload = Callable[[str], Awaitable[str]]
_SCHEMA = 1
_DISK_PATIENCE_S = 5.0


class Facade:
    """Implements `qkdctl.api.facade.NodeFacade` over a running node.

    Args:
        node: the node.
        reload: reads the configuration again and says what came of it.
    """

    def __init__(self, node: Node, reload: Reload) -> None:
        self._node = node
        self._reload = reload
        self._policies = PolicyDesk(node)

    def status(self) -> Json:
        """The whole node at one glance."""
        node = self._node
        return {
            "schema_version": _SCHEMA,
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
        self._supervisor(name)
        return device_now(self._node, name)

    def links(self) -> list[Json]:
        """All links, in the order of the configuration."""
        return [link_now(self._node, name) for name in self._node.links]

    def link(self, name: str) -> Json:
        """One link."""
        self._controller(name)
        return link_now(self._node, name)

    async def history(self, link: str, limit: int) -> list[Json]:
        """The last epochs of a link, oldest first."""
        self._controller(link)
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
        wanted: Act = TypeAdapter(TaggedAct).validate_python(act)
        desk = self._desk()
        await self._order({"order": "file-act", "act": act, "who": who}, lambda: desk.file(wanted))
        return _done(wanted.kind, f"{act_text(wanted)}: wanted by this node; it gets a number with the next decision")

    async def approve_act(self, number: int, who: str) -> Json:
        """Stand by an open act."""
        book = self._node.application.book
        if number not in book.by_number:
            raise not_open(self._node, number)
        desk = self._desk()
        await self._order({"order": "approve-act", "act": number, "who": who}, lambda: desk.approve(number))
        act = book.by_number[number].act
        absent = "" if is_at_hand(self._node, act) else ABSENT_POLICY
        return _done(str(number), f"act {number}, {act_text(act)}: approved by this node{absent}")

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
        supervisor = self._supervisor(device)
        known = {entry.name: entry for entry in supervisor.device.attributes}
        if attribute not in known:
            raise UnknownNameError(f"attribute of {device}", attribute, known)
        spec = known[attribute]
        if not spec.writable:
            raise ConflictError(f"{device}.{attribute} is only read", expected="a writable attribute")
        try:
            wanted = supervisor.device.check(attribute, value)
        except OutOfRangeError as error:
            raise InvalidValueError(str(error), hint="nothing was sent") from error
        refuse_order(self._node, supervisor, attribute, wanted)
        old = supervisor.readings[attribute].value if attribute in supervisor.readings else None
        limits = supervisor.device.limits(attribute)
        document: Json = {
            "schema_version": _SCHEMA,
            "device": device,
            "attribute": attribute,
            "unit": spec.unit,
            "old": old,
            "new": wanted,
            "limits": [limits.minimum, limits.maximum] if spec.type in (int, float) else None,
            "applied": not dry_run,
        }
        if not dry_run:
            document["new"] = await self._apply(supervisor, attribute, wanted, who)
        return document

    async def hold(self, link: str, who: str) -> Json:
        """Keep the link's present settings."""
        await _translated(self._controller(link).orders.hold(who))
        await self._remember_order(link, "hold", who)
        return _done(link, f"{link} keeps its present settings until resumed")

    async def make_safe(self, link: str, who: str) -> Json:
        """Make the link dark and keep it so."""
        controller = self._controller(link)
        outcomes = await asyncio.gather(
            _translated(controller.orders.make_safe(who)),
            self._remember_order(link, "manual-safe", who),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        if controller.roles.alice is None:
            return _done(link, f"{link} makes no key at Bob's end until resumed; its light is up to Alice's node")
        return _done(link, f"{link} is dark, shown by read-back, until resumed")

    async def resume(self, link: str, who: str) -> Json:
        """Give the link back to the policy."""
        await _translated(self._controller(link).orders.resume(who))
        await self._remember_order(link, "running", who)
        return _done(link, f"{link} is the policy's again")

    async def calibrate(self, link: str, who: str) -> Json:
        """Measure and store the calibration record."""
        record = await _translated(self._controller(link).orders.calibrate(who))
        text = (
            f"{link} calibrated: {record.tap_power_w:.4g} W at the tap, uncertainty {record.uncertainty_db:.2f} dB, "
            f"mean photon number {record.mean_photon_number(0.0):.4g} at 0 dB"
        )
        return _done(link, text, {**record.model_dump(mode="json"), "uncertainty_db": record.uncertainty_db})

    async def realign(self, link: str, who: str) -> Json:
        """Re-align the link now."""
        await _translated(self._controller(link).orders.realign(who))
        return _done(link, f"{link} re-aligned")

    async def acknowledge_alarm(self, alarm: str, who: str) -> Json:
        """Note that somebody has seen it."""
        known = {str(entry.number) for entry in self._node.alarms.listed()}
        if alarm not in known:
            raise UnknownNameError("alarm", alarm, known)
        self._node.alarms.acknowledge(int(alarm), who)
        return _done(alarm, f"alarm {alarm} acknowledged by {who}")

    async def safe_all(self, who: str) -> Json:
        """Make every source dark and keep all links safe."""
        outcomes = await asyncio.gather(
            *(self.make_safe(link, who) for link in self._node.links), return_exceptions=True
        )
        if failures := [outcome for outcome in outcomes if isinstance(outcome, BaseException)]:
            if len(failures) == 1 or not all(isinstance(failure, FacadeError) for failure in failures):
                raise failures[0]
            raise UnavailableError("; ".join(str(failure) for failure in failures))
        return _done("node", "every link is dark, shown by read-back", {"links": list(self._node.links)})

    async def reload(self, who: str) -> Json:
        """Apply a changed configuration as a whole, or not at all."""
        return _done("node", await self._reload(who))

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

    async def _order(self, payload: Json, order: Callable[[], Awaitable[None]]) -> None:
        """Write an order about acts to the ledger, carry it out, and write down too if that was refused."""
        await _translated(self._node.journal.append("operator", payload))
        try:
            await _translated(order())
        except FacadeError as error:
            self._node.journal.note("operator", {**payload, "refused": str(error)})
            raise

    def _desk(self) -> ActDesk:
        desk = self._node.agreeing.desk
        if desk is None:
            raise UnavailableError("the node is still starting")
        return desk

    def _supervisor(self, name: str) -> Supervisor:
        if name not in self._node.supervisors:
            raise UnknownNameError("device", name, self._node.supervisors)
        return self._node.supervisors[name]

    def _controller(self, name: str) -> LinkController:
        if name not in self._node.links:
            raise UnknownNameError("link", name, self._node.links)
        return self._node.links[name]

    async def _apply(self, supervisor: Supervisor, attribute: str, value: AttributeValue, who: str) -> AttributeValue:
        device = supervisor.device
        if not supervisor.usable:
            why = supervisor.last_error or "not connected"
            raise UnavailableError(f"{device.name} is {supervisor.state.value}: {why}")
        payload = {"device": device.name, "attribute": attribute, "value": str(value), "who": who}
        await _translated(self._node.journal.append("operator", payload))
        async with supervisor.writing:
            # while the order waited for disk and device, the link may have been resumed, or the daemon stopped
            refuse_order(self._node, supervisor, attribute, value)
            seen: AttributeValue = await _translated(device.write_verified(attribute, value))
        supervisor.note(attribute, seen)
        return seen

    async def _remember_order(self, link: str, mode: OrderedMode, who: str) -> None:
        """Keep an order for the next start; it is in force already."""
        try:
            async with asyncio.timeout(_DISK_PATIENCE_S):
                await self._node.store.link_modes.put(link, mode, who)
        except (StoreError, TimeoutError) as error:
            why = str(error) or f"not written within {_DISK_PATIENCE_S:g} s"
            raise UnavailableError(
                f"{link} is {mode} now, but a restart would not know of it: {why}",
                hint="make room on the disk, and give the order again",
            ) from error


def configuration_view(config: Config) -> list[Json]:
    """Effective values with their sources."""
    return [item.to_plain() for item in effective(config)]


def _done(subject: str, text: str, details: dict[str, Any] | None = None) -> Json:
    return {"schema_version": _SCHEMA, "subject": subject, "text": text, "details": details or {}}


def _entry(entry: Entry) -> Json:
    return {
        "sequence": entry.sequence,
        "wall_ms": entry.wall_ms,
        "kind": entry.kind,
        "payload": dict(entry.payload),
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


async def _translated(work: Awaitable[Any]) -> Any:
    """Run something that moves instruments; its failures become those of the API."""
    try:
        return await work
    except OutOfRangeError as error:
        raise InvalidValueError(str(error)) from error
    except (NotReadyError, ActError) as error:
        raise ConflictError(str(error)) from error
    except (DeviceError, StoreError) as error:
        raise UnavailableError(str(error)) from error
