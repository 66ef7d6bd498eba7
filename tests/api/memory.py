"""A node in memory: the seam at which the API is tested."""

import asyncio
import copy
import math
from collections.abc import AsyncIterator, Sequence
from typing import Any

from qkdctl.api.errors import ConflictError, InvalidValueError, UnknownNameError
from qkdctl.api.facade import AttributeValue, Event, Json
from tests.api import agreement, policies, routes

STATUS: Json = {
    "schema_version": 1,
    "node": "bench",
    "version": "0.1.0",
    "state": "running",
    "epoch": 41,
    "uptime_s": 3600.5,
    "policy": {"kind": "onnx", "name": "ramp", "digest": "ab" * 32, "ejected": False, "fallbacks": 2},
    "agreement": agreement.ALONE,
    "devices": [
        {
            "name": "voa-1",
            "driver": "keysight-n776x",
            "kind": "attenuator",
            "state": "online",
            "address": "tcp://127.0.0.1:5025",
            "identity": "KEYSIGHT,N7761A,1",
            "failures": 1,
            "last_error": None,
            "values": {
                "attenuation_db": {
                    "value": 31.5,
                    "unit": "dB",
                    "age_s": 0.1,
                    "stale": False,
                    "set_point": 31.5,
                    "limits": [0.0, 45.0],
                    "writable": True,
                },
                "shutter_open": {"value": True, "unit": "", "age_s": 0.1, "stale": False, "writable": True},
            },
        },
        {
            "name": "snspd-1",
            "driver": "websq",
            "kind": "detector",
            "state": "fault",
            "address": "tcp://127.0.0.1:12000",
            "identity": "",
            "failures": 7,
            "last_error": "no answer within 2 s",
            "values": {
                "count_rate_hz": {
                    "value": 120_000.0,
                    "unit": "Hz",
                    "age_s": 91.0,
                    "stale": True,
                    "limits": [0.0, math.inf],
                },
                "temperature_k": {"value": math.nan, "unit": "K", "age_s": 91.0, "stale": False},
            },
        },
    ],
    "links": [
        {
            "name": "alice-bob",
            "ends": ["alice", "bob"],
            "mode": "running",
            "mean_photon_number": 0.48,
            "measured_mean_photon_number": None,
            "cap": 0.6,
            "qber_z": 0.021,
            "qber_x": 0.0305,
            "secret_key_rate_bps": 5125.0,
            "sifted_rate_bps": 20500.0,
            "loss_db": 10.25,
            "action": "hold",
            "interventions": [{"code": "slew", "text": "the step was halved"}],
            "calibrated_at": "2026-01-02T03:04:05Z",
            "age_s": 1.5,
        }
    ],
    "alarms": [
        {
            "id": "device-fault-snspd-1",
            "code": "device-fault",
            "severity": "critical",
            "subject": "snspd-1",
            "text": "snspd-1 does not answer",
            "hint": "see whether it has power",
            "raised_ms": 1_700_000_000_000,
        }
    ],
    "ledger": {"sequence": 3, "head": "cd" * 32},
    "complaints": [],
}


class MemoryFacade:
    """Answers from a status document that the test may change, and remembers what it was told to do."""

    def __init__(self) -> None:
        self.document = copy.deepcopy(STATUS)
        self.done: list[tuple[Any, ...]] = []
        self.filed = False
        self.deciding = 42
        self.queue: asyncio.Queue[Event | None] = asyncio.Queue()
        self.is_ready = True
        self.release = asyncio.Event()

    def status(self) -> Json:
        return copy.deepcopy(self.document)

    def devices(self) -> list[Json]:
        return self.status()["devices"]

    def device(self, name: str) -> Json:
        return self._named("devices", "device", name)

    def links(self) -> list[Json]:
        return self.status()["links"]

    def link(self, name: str) -> Json:
        return self._named("links", "link", name)

    async def history(self, link: str, limit: int) -> list[Json]:
        self.link(link)
        epochs = [
            {
                "epoch": epoch,
                "ended_ms": 1_700_000_000_000 + epoch * 1000,
                "mean_photon_number_e6": 480_000,
                "qber_z_ppm": 21_000,
                "qber_x_ppm": None,
                "sifted_bits": 20_500,
                "secret_key_bits": 5_125,
                "action": "hold",
                "interventions": [],
            }
            for epoch in range(1, 42)
        ]
        return epochs[-limit:]

    async def ledger(self, after: int, limit: int) -> list[Json]:
        entries = [
            {
                "sequence": n,
                "wall_ms": 1_700_000_000_000 + n,
                "kind": "decision" if n else "genesis",
                "payload": {"epoch": n},
                "previous_hash": f"{n - 1:064x}" if n else "0" * 64,
                "hash": f"{n:064x}",
            }
            for n in range(4)
        ]
        return [entry for entry in entries if entry["sequence"] > after][:limit]

    async def reports(self, digests: Sequence[str]) -> dict[str, str]:
        return dict.fromkeys(digests, "{}")

    def agreement(self) -> Json:
        return copy.deepcopy(agreement.AGREEMENT) | {"epoch": self.deciding}

    def weights(self, history: int) -> Json:
        document = copy.deepcopy(agreement.WEIGHTS)
        return document | {"history": agreement.HISTORY} if history else document

    async def evidence(self, epoch: int | None) -> Json:
        if epoch not in (None, 41):
            raise UnknownNameError("epoch in memory", str(epoch), ["41"])
        return copy.deepcopy(agreement.EVIDENCE)

    def policies(self) -> Json:
        return copy.deepcopy(policies.POLICIES)

    async def policy_content(self, policy: str) -> Json:
        return {"manifest": policies.manifest_of(policy), "data": "AAAA"}

    async def stage_policy(self, data: str, manifest: str, name: str, who: str) -> Json:
        self.done.append(("stage-policy", len(data), manifest, name, who))
        return copy.deepcopy(policies.FILE) | {"name": name}

    async def shadow_policy(self, policy: str, who: str, *, watch: bool) -> Json:
        policies.manifest_of(policy)
        self.done.append(("shadow-policy", policy, who, watch))
        return copy.deepcopy(policies.FILE) | {"stage": "shadow" if watch else "vetted"}

    async def canary_policy(self, policy: str, links: list[str], until: int, base: str, who: str) -> Json:
        policies.manifest_of(policy)
        self.done.append(("canary-policy", policy, links, until, base, who))
        canary = {"base": base or "rule-based", "policy": policy, "links": links, "until": until}
        return copy.deepcopy(policies.FILE) | {"name": f"{policy}-canary", "canary": canary}

    async def activate_policy(self, policy: str, who: str) -> Json:
        policies.manifest_of(policy)
        return await self.file_act({"kind": "activate-policy", "policy": policy}, who)

    async def rollback_policy(self, who: str) -> Json:
        return await self.file_act({"kind": "activate-policy", "policy": "rule-based"}, who)

    def routes(self) -> Json:
        return copy.deepcopy(routes.ROUTES)

    def agreement_counts(self) -> Json:
        return copy.deepcopy(agreement.COUNTS)

    def acts(self) -> Json:
        return copy.deepcopy(agreement.ACTS)

    async def file_act(self, act: Json, who: str) -> Json:
        if self.filed:
            raise ConflictError("an act of this node is under way")
        self.filed = True
        self.done.append(("file-act", act, who))
        return {"subject": act["kind"], "text": f"{act['kind']}: wanted by this node"}

    async def approve_act(self, number: int, who: str) -> Json:
        if number != 3:
            raise UnknownNameError("open act", str(number), ["3"])
        self.done.append(("approve-act", number, who))
        return {"subject": str(number), "text": f"act {number}: approved by this node"}

    async def withdraw_act(self, who: str) -> Json:
        if not self.filed:
            raise ConflictError("no act of this node is under way")
        self.filed = False
        self.done.append(("withdraw-act", who))
        return {"subject": "4", "text": "act 4: withdrawn by this node"}

    def configuration(self) -> list[Json]:
        return [{"key": "api.token", "value": "**********", "source": "qkdctl.toml:7"}]

    def alarms(self) -> list[Json]:
        return self.status()["alarms"]

    async def set_attribute(
        self, device: str, attribute: str, value: AttributeValue, who: str, *, dry_run: bool
    ) -> Json:
        values = self.device(device)["values"]
        if attribute not in values:
            raise UnknownNameError("attribute", attribute, values)
        state = values[attribute]
        if not state.get("writable"):
            raise ConflictError(f"{device}.{attribute} is only read")
        if state.get("limits") is not None:
            low, high = state["limits"]
            if isinstance(value, bool | str) or not low <= value <= high:
                raise InvalidValueError(f"{device}.{attribute} = {value!r} refused", expected=f"{low} to {high}")
        self.done.append(("set", device, attribute, value, who, dry_run))
        return {
            "device": device,
            "attribute": attribute,
            "unit": state["unit"],
            "old": state["value"],
            "new": value,
            "limits": state.get("limits"),
            "applied": not dry_run,
        }

    async def hold(self, link: str, who: str) -> Json:
        return self._act("hold", link, who)

    async def make_safe(self, link: str, who: str) -> Json:
        return self._act("safe", link, who)

    async def resume(self, link: str, who: str) -> Json:
        if self.link(link)["mode"] == "running":
            raise ConflictError(f"{link} already runs", expected="a held or safe link")
        return self._act("resume", link, who)

    async def calibrate(self, link: str, who: str) -> Json:
        await self.release.wait()
        return self._act("calibrate", link, who)

    async def realign(self, link: str, who: str) -> Json:
        return self._act("realign", link, who)

    async def acknowledge_alarm(self, alarm: str, who: str) -> Json:
        known = [entry["id"] for entry in self.alarms()]
        if alarm not in known:
            raise UnknownNameError("alarm", alarm, known)
        self.done.append(("acknowledge", alarm, who))
        return {"subject": alarm, "text": f"{alarm} acknowledged"}

    async def safe_all(self, who: str) -> Json:
        self.done.append(("safe-all", who))
        return {"subject": "node", "text": "every source is dark", "details": {"voa-1": "shutter closed"}}

    async def reload(self, who: str) -> Json:
        self.done.append(("reload", who))
        return {"subject": "node", "text": "nothing changed"}

    def complaints(self) -> list[str]:
        return list(self.document["complaints"])

    def ready(self) -> bool:
        return self.is_ready

    async def subscribe(self) -> AsyncIterator[Event]:
        while (event := await self.queue.get()) is not None:
            yield event

    def emit_link(self, **changes: Any) -> None:
        """Change the link and say so."""
        self.document["links"][0].update(changes)
        link = copy.deepcopy(self.document["links"][0])
        self.queue.put_nowait(Event("links", link["name"], link))

    def _act(self, action: str, link: str, who: str) -> Json:
        self.link(link)
        self.done.append((action, link, who))
        return {"subject": link, "text": f"{action}: done"}

    def _named(self, part: str, what: str, name: str) -> Json:
        entries = {entry["name"]: entry for entry in self.status()[part]}
        if name not in entries:
            raise UnknownNameError(what, name, entries)
        return entries[name]
