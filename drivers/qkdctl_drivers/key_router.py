"""A key router behind the HTTP/JSON relay interface, version 1.

Source: docs/guides/key-router.md, our own interface; there is no standard for this.
"""

import itertools
import json
from typing import Any, ClassVar, TypeVar

import pydantic

from qkdctl.devices import (
    Attribute,
    DeviceKind,
    Poll,
    ProtocolError,
    ReadBackError,
    RelayRecord,
    RelayView,
    RouteTable,
    Value,
)
from qkdctl_drivers.json_http import JsonHttpDevice

_PAGE = 1000
_T = TypeVar("_T", bound=pydantic.BaseModel)


class KeyRouter(JsonHttpDevice):
    """The key router of one node: relays keys over the routes it is given, and opens those that failed."""

    kind: ClassVar[DeviceKind] = DeviceKind.KEY_ROUTER
    identity_pattern: ClassVar[str] = r"^key-router/1 \S+ \S+ serial (?P<serial>\S+)$"
    address_example: ClassVar[str] = "http://192.0.2.30:8080"

    attributes = (
        Attribute("epoch", int, "", "epoch of the table of routes in force", wire="epoch"),
        Attribute("route_count", int, "", "routes in the table", wire="routes"),
        Attribute("sequence", int, "", "number of the newest relay record", poll=Poll.FAST, wire="newest"),
    )

    async def _identity(self) -> str:
        info = await self._call("GET", "/v1/info")
        fields = ("node", "model", "serial")
        if missing := [field for field in fields if not isinstance(info.get(field), str)]:
            raise ProtocolError(f"{self.name}: /v1/info lacks {', '.join(missing)}")
        return f"key-router/1 {info['node']} {info['model']} serial {info['serial']}"

    async def _read(self, attribute: Attribute) -> Value:
        if attribute.name == "sequence":
            newest = (await self._call("GET", "/v1/relays", params={"after": 0, "limit": 1})).get("newest")
            if type(newest) is not int:
                raise ProtocolError(f"{self.name}.sequence: {newest!r}; expected int")
            return newest
        table = await self.routes()
        return table.epoch if attribute.name == "epoch" else len(table.routes)

    async def _write(self, attribute: Attribute, value: Value) -> None:
        raise AssertionError(f"{attribute.name} = {value}: a key router has no attribute to write")

    async def routes(self) -> RouteTable:
        """The table of routes in force.

        Raises:
            ProtocolError: what comes back is no table.
        """
        return self._parsed(RouteTable, await self._call("GET", "/v1/routes"))

    async def set_routes(self, table: RouteTable) -> RouteTable:
        """Replace the whole table and read it back.

        Raises:
            InstrumentError: refused; the old table is in force.
            ReadBackError: another table is in force afterwards.
        """
        await self._call("PUT", "/v1/routes", json=table.to_plain())
        seen = await self.routes()
        if seen != table:
            raise ReadBackError(
                f"{self.name} serves {len(seen.routes)} routes of epoch {seen.epoch} after {len(table.routes)} of "
                f"epoch {table.epoch} were set; expected what was set"
            )
        return seen

    async def relay_records(self, after: int) -> list[RelayRecord]:
        """All records above a sequence number, oldest first.

        Raises:
            ProtocolError: a record is not of the interface's form.
        """
        records: list[RelayRecord] = []
        while True:
            page = await self._call("GET", "/v1/relays", params={"after": after, "limit": _PAGE})
            items = page.get("relays")
            if not isinstance(items, list):
                raise ProtocolError(f"{self.name}: /v1/relays lacks relays")
            batch = [self._parsed(RelayRecord, item) for item in items]
            sequences = [after, *(record.sequence for record in batch)]
            if any(later <= earlier for earlier, later in itertools.pairwise(sequences)):
                raise ProtocolError(
                    f"{self.name}: records above {after} came as {sequences[1:5]}...; expected them in order"
                )
            records += batch
            if len(batch) < _PAGE:
                return records
            after = batch[-1].sequence

    async def audit(self, key: str) -> RelayView:
        """What the router says of one key whose hashes were unequal.

        Raises:
            InstrumentError: refused, as for a key that did not fail.
            ProtocolError: the answer is no view, or one of another key.
        """
        view = self._parsed(RelayView, await self._call("POST", "/v1/audit", json={"key": key}))
        if view.key != key:
            raise ProtocolError(f"{self.name}: asked to open {key}, it opened {view.key}")
        return view

    def _parsed(self, kind: type[_T], plain: Any) -> _T:
        try:
            return kind.model_validate_json(json.dumps(plain))
        except pydantic.ValidationError as error:
            raise ProtocolError(f"{self.name}: malformed {kind.__name__}: {error}") from error
