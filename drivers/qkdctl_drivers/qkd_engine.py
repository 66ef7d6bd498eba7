"""A QKD engine behind the HTTP/JSON session-record interface, version 1 (1.0 and 1.1).

Source: docs/guides/qkd-engine.md, our own interface; there is no standard for this.
"""

import itertools
import json
from typing import ClassVar

import pydantic

from qkdctl.devices import (
    Attribute,
    DeviceKind,
    Limits,
    Poll,
    ProtocolError,
    QberSample,
    SessionRecord,
    Value,
)
from qkdctl_drivers.json_http import JsonHttpDevice

_PAGE = 1000
_PULSES_PER_SECOND_OF_PATIENCE = 1e7


class QkdEngine(JsonHttpDevice):
    """One end of a QKD link: protocol selection, session records, alignment mode."""

    kind: ClassVar[DeviceKind] = DeviceKind.QKD_ENGINE
    identity_pattern: ClassVar[str] = r"^qkd-engine/1 (?:alice|bob) \S+ \S+ serial (?P<serial>\S+)$"
    address_example: ClassVar[str] = "http://192.0.2.20:8080"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("running", False),)

    attributes = (
        Attribute("running", bool, "", "key generation", writable=True, poll=Poll.FAST, wire="running"),
        Attribute(
            "mean_photon_number_e6", int, "1e-6 photons", "signal intensity the key analysis assumes",
            limits=Limits(0, 1_000_000), writable=True, poll=Poll.FAST, wire="mean_photon_number_e6",
        ),
        Attribute("protocol", str, "", "protocol in use", writable=True, wire="protocol"),
        Attribute("mode", str, "", "idle, key or alignment", poll=Poll.FAST, wire="mode"),
        Attribute("peer_mode", str, "", "mode of the other end; unknown before version 1.1", wire="peer_mode"),
        Attribute("block", int, "", "key block under way", wire="block"),
        Attribute("sequence", int, "", "number of the newest session record", wire="sequence"),
    )  # fmt: skip

    async def _identity(self) -> str:
        info = await self._call("GET", "/v1/info")
        fields = ("end", "link", "model", "serial")
        if missing := [field for field in fields if not isinstance(info.get(field), str)]:
            raise ProtocolError(f"{self.name}: /v1/info lacks {', '.join(missing)}")
        return f"qkd-engine/1 {info['end']} {info['link']} {info['model']} serial {info['serial']}"

    async def _read(self, attribute: Attribute) -> Value:
        state = await self._call("GET", "/v1/state")
        value = state.get(str(attribute.wire), "unknown" if attribute.name == "peer_mode" else None)
        if type(value) is not attribute.type:
            raise ProtocolError(f"{self.name}.{attribute.name}: {value!r}; expected {attribute.type.__name__}")
        known: Value = value
        return known

    async def _write(self, attribute: Attribute, value: Value) -> None:
        await self._call("PUT", "/v1/state", json={str(attribute.wire): value})

    async def session_records(self, after: int) -> list[SessionRecord]:
        """All records above a sequence number, oldest first.

        Raises:
            ProtocolError: a record is not of the interface's form.
        """
        records: list[SessionRecord] = []
        while True:
            page = await self._call("GET", "/v1/records", params={"after": after, "limit": _PAGE})
            try:
                batch = [SessionRecord.model_validate_json(json.dumps(item)) for item in page["records"]]
            except (KeyError, TypeError, pydantic.ValidationError) as error:
                raise ProtocolError(f"{self.name}: malformed session record: {error}") from error
            sequences = [after, *(record.sequence for record in batch)]
            if any(later <= earlier for earlier, later in itertools.pairwise(sequences)):
                raise ProtocolError(
                    f"{self.name}: records above {after} came as {sequences[1:5]}...; expected them in order"
                )
            records += batch
            if len(batch) < _PAGE:
                return records
            after = batch[-1].sequence

    async def start_alignment(self) -> None:
        """Suspend key generation and send the alignment pattern."""
        await self._call("PUT", "/v1/state", json={"mode": "alignment"})

    async def measure_qber(self, pulses: int) -> QberSample:
        """Error rate over this many pulses; only in alignment mode."""
        patience_s = self.timeout_s + pulses / _PULSES_PER_SECOND_OF_PATIENCE
        sample = await self._call("POST", "/v1/alignment/measure", json={"pulses": pulses}, patience_s=patience_s)
        try:
            return QberSample.model_validate(sample)
        except pydantic.ValidationError as error:
            raise ProtocolError(f"{self.name}: malformed alignment sample: {error}") from error

    async def end_alignment(self) -> None:
        """Return to key generation; a new key block begins."""
        await self._call("PUT", "/v1/state", json={"mode": "key"})
