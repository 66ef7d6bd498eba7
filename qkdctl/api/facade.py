"""What the API needs from the node, and nothing more."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

Json: TypeAlias = dict[str, Any]
AttributeValue: TypeAlias = bool | int | float | str
Part: TypeAlias = Literal["node", "policy", "devices", "links", "alarms", "ledger", "complaints"]


@dataclass(frozen=True, slots=True)
class Event:
    """One part of the status document has a new value.

    Events replace, they do not add up: whoever applies the latest event of each (part, name) to an older status holds
    the present one. That is why a slow reader may miss any number of them and still be right.

    Attributes:
        part: `devices`, `links` and `alarms` replace the entry of that name (that id, for alarms); `node` replaces the
            top-level members that it names (state, epoch, ...); the others replace the member of their name.
        name: device name, link name or alarm id; "" for the other parts.
        value: the new entry, in the shape it has in the status; None when the entry is gone.
    """

    part: Part
    name: str
    value: Any


class NodeFacade(Protocol):
    """A running node, seen from outside.

    What comes out is ready for JSON, in the shapes of `qkdctl.api.models`, except that NaN and infinities may stand
    where a shape allows null. What goes wrong comes as a `qkdctl.api.errors.FacadeError`. `who` names the caller for
    the log and the ledger. Reading never waits for an instrument: values are the last polled ones, with their age.
    """

    def status(self) -> Json:
        """The whole node at one glance (`models.Status`)."""

    def devices(self) -> list[Json]:
        """All devices (`models.Device`), in the order of the configuration."""

    def device(self, name: str) -> Json:
        """One device.

        Raises:
            UnknownNameError: no such device.
        """

    def links(self) -> list[Json]:
        """All links (`models.Link`), in the order of the configuration."""

    def link(self, name: str) -> Json:
        """One link.

        Raises:
            UnknownNameError: no such link.
        """

    async def history(self, link: str, limit: int) -> list[Json]:
        """The last `limit` epochs of a link (`models.EpochRecord`), oldest first.

        Raises:
            UnknownNameError: no such link.
        """

    async def ledger(self, after: int, limit: int) -> list[Json]:
        """Up to `limit` ledger entries (`models.LedgerEntry`) with a sequence above `after`, oldest first."""

    async def reports(self, digests: Sequence[str]) -> dict[str, str]:
        """Texts of node reports by digest; those that are not kept any more are missing."""

    def agreement(self) -> Json:
        """How the agreement stands (`agreement_models.Agreement`)."""

    def weights(self, history: int) -> Json:
        """What the word of each node weighs, and over the last `history` epochs (`agreement_models.Weights`)."""

    async def evidence(self, epoch: int | None) -> Json:
        """What was claimed and concluded in an epoch, None for the last (`agreement_models.Evidence`).

        Raises:
            UnknownNameError: this process does not remember the epoch.
            UnavailableError: nothing was decided yet.
        """

    def agreement_counts(self) -> Json:
        """Counts since the start (`late` by node, `verdicts` as lists of node, cause and count), for metrics."""

    def acts(self) -> Json:
        """Acts that need the word of several operators (`agreement_models.Acts`)."""

    async def file_act(self, act: Json, who: str) -> Json:
        """Want an act and approve it (`models.ActionResult`).

        Raises:
            ConflictError: it changes nothing, or to nothing that can be, or another act of this node is under way.
        """

    async def approve_act(self, number: int, who: str) -> Json:
        """Stand by an open act (`models.ActionResult`).

        Raises:
            UnknownNameError: no such act is open.
            ConflictError: it is closed, or was withdrawn.
        """

    async def withdraw_act(self, who: str) -> Json:
        """Take back the act that was filed at this node (`models.ActionResult`).

        Raises:
            ConflictError: there is none, or it is withdrawn already.
        """

    def policies(self) -> Json:
        """What decides, and which policies are at this node (`policy_models.Policies`)."""

    async def policy_content(self, policy: str) -> Json:
        """A file as base64 (`policy_models.PolicyContent`).

        Raises:
            UnknownNameError: no such file.
            UnavailableError: it is not kept.
        """

    async def stage_policy(self, data: str, manifest: str, name: str, who: str) -> Json:
        """Take a file in and vet it (`policy_models.StagedPolicy`).

        Args:
            data: content of the file, base64.
            manifest: JSON of its manifest; "" without one.
            name: for people, where there is no manifest.
            who: the caller.

        Raises:
            InvalidValueError: it is no policy that this node takes.
            ConflictError: it is here already.
            UnavailableError: it cannot be written.
        """

    async def shadow_policy(self, policy: str, who: str, *, watch: bool) -> Json:
        """Have a policy propose in every epoch without effect, or no longer (`policy_models.StagedPolicy`).

        Raises:
            UnknownNameError: no such file.
            ConflictError: its stage does not allow it.
        """

    async def canary_policy(self, policy: str, links: list[str], until: int, base: str, who: str) -> Json:
        """Put a combination at hand: a policy on some links, another one on all others (`policy_models.StagedPolicy`).

        Args:
            policy: for these links.
            links: of the network.
            until: last epoch in which it decides for them.
            base: for all others; "" for the one in force.
            who: the caller.

        Raises:
            UnknownNameError: no such policy or link.
            InvalidValueError: the time is over, or both are the same.
            ConflictError: one of the two is not at hand.
        """

    async def activate_policy(self, policy: str, who: str) -> Json:
        """Want the act that activates a policy, and approve it (`models.ActionResult`).

        Raises:
            UnknownNameError: no such policy.
            ConflictError: it has not passed vetting, is active, or another act of this node is under way.
        """

    async def rollback_policy(self, who: str) -> Json:
        """Want the act that activates the policy that was in force before (`models.ActionResult`).

        Raises:
            ConflictError: there is none, or another act of this node is under way.
        """

    def routes(self) -> Json:
        """Over which nodes keys travel, and how this one serves that (`route_models.Routes`)."""

    def configuration(self) -> list[Json]:
        """Every effective value with its source (`models.ConfigurationValue`), secrets redacted."""

    def alarms(self) -> list[Json]:
        """Alarms that are raised or not yet acknowledged (`models.Alarm`), oldest first."""

    async def set_attribute(
        self, device: str, attribute: str, value: AttributeValue, who: str, *, dry_run: bool
    ) -> Json:
        """Set one attribute and read it back (`models.AttributeChange`); with `dry_run` only say what would happen.

        Raises:
            UnknownNameError: no such device or attribute.
            InvalidValueError: refused by type, limits or step; nothing was sent.
            ConflictError: the attribute is only read, the daemon observes only, or the control loop owns the value.
            UnavailableError: the device is offline, or did not show the value.
        """

    async def hold(self, link: str, who: str) -> Json:
        """Keep the link's present settings whatever the policy proposes (`models.ActionResult`)."""

    async def make_safe(self, link: str, who: str) -> Json:
        """Make the link's sources dark, shown by read-back, and keep them so (`models.ActionResult`)."""

    async def resume(self, link: str, who: str) -> Json:
        """Give a held or safe link back to the policy (`models.ActionResult`)."""

    async def calibrate(self, link: str, who: str) -> Json:
        """Measure and store the link's calibration record; takes seconds (`models.ActionResult`)."""

    async def realign(self, link: str, who: str) -> Json:
        """Re-align the link's polarisation; takes seconds (`models.ActionResult`)."""

    async def acknowledge_alarm(self, alarm: str, who: str) -> Json:
        """Note that somebody has seen the alarm (`models.ActionResult`).

        Raises:
            UnknownNameError: no such alarm.
        """

    async def safe_all(self, who: str) -> Json:
        """Make every source dark and keep all links safe (`models.ActionResult`)."""

    async def reload(self, who: str) -> Json:
        """Read the configuration again and apply it as a whole, or not at all (`models.ActionResult`).

        Raises:
            InvalidValueError: the new configuration is wrong; the old one stays in force.
        """

    def complaints(self) -> list[str]:
        """What keeps the daemon from being healthy, one sentence each; healthy when empty."""

    def ready(self) -> bool:
        """True once devices have been started and the first epoch can run."""

    def subscribe(self) -> AsyncIterator[Event]:
        """Events from now on; the iterator ends when the node stops. The API subscribes once, for all its clients."""
