"""The base of every driver: range checks, verified writes and the way to safety are the same for all."""

import asyncio
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, ClassVar, TypeVar, final

from pydantic import BaseModel, ConfigDict

from qkdctl.clock import Clock, RealClock
from qkdctl.devices.attributes import Attribute, Limits, Value
from qkdctl.devices.errors import (
    DeviceError,
    IdentityMismatchError,
    OutOfRangeError,
    ReadBackError,
    UnsafeError,
)
from qkdctl.devices.kinds import DeviceKind
from qkdctl.devices.reports import Identity, SafeReport

T = TypeVar("T")
#: Marks a safe action that drives the attribute to the upper end of what the device itself allows.
MAXIMUM = "maximum"
_READ_BACK_INTERVAL_S = 0.02
_PROGRESS_INTERVAL_S = 1.0


class DeviceOptions(BaseModel):
    """Driver options from the configuration; drivers subclass it and name theirs."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Device(ABC):
    """One instrument behind one address.

    Subclasses declare the class variables and implement the four hooks `_open`, `_identity`, `_read` and `_write`, plus
    `close`. They never override `write`: that is where limits are kept.

    Attributes:
        kind: what the device is for.
        identity_pattern: regular expression the identity must match; a group `serial` gives the serial number.
        safe_actions: attribute and value, in order; the first is the one that counts.
        darkens: no light passes once the first safe action is shown (laser off, shutter closed).
        address_example: shown in help and error texts.
        attributes: of the class, all that the driver knows; of an instance, those that its options leave.
        on_progress: told what an operation that takes long is doing, about once a second.
        may_write: whether the connection was made to write.
    """

    kind: ClassVar[DeviceKind]
    identity_pattern: ClassVar[str]
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = ()
    darkens: ClassVar[bool] = False
    address_example: ClassVar[str] = ""
    attributes: tuple[Attribute, ...] = ()

    class Options(DeviceOptions):
        """No options."""

    def __init__(
        self,
        name: str,
        address: str,
        *,
        options: DeviceOptions | None = None,
        limits: Mapping[str, Limits] | None = None,
        timeout_s: float = 2.0,
        serial_number: str = "",
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.address = address
        self.options = options if options is not None else self.Options()
        self.timeout_s = timeout_s
        self.expected_serial_number = serial_number
        self.clock: Clock = clock if clock is not None else RealClock()
        self.identity = Identity("")
        self.on_progress: Callable[[str], None] = _ignore
        self.may_write = True
        self.attributes = self._attributes_present()
        self._configured = dict(limits or {})
        self._device_limits: dict[str, Limits] = {}
        self._last_written: dict[str, Value] = {}
        self._by_name = {attribute.name: attribute for attribute in self.attributes}
        for unknown in self._configured.keys() - self._by_name.keys():
            raise OutOfRangeError(f"{name}: limits for {unknown!r}, which is no attribute of {type(self).__name__}")

    @abstractmethod
    async def _open(self) -> None:
        """Open the transport."""

    @abstractmethod
    async def _identity(self) -> str:
        """Ask the instrument who it is; read only."""

    @abstractmethod
    async def _read(self, attribute: Attribute) -> Value:
        """Read one attribute from the instrument, in its declared unit."""

    @abstractmethod
    async def _write(self, attribute: Attribute, value: Value) -> None:
        """Send one checked value; raise InstrumentError when the instrument refuses it."""

    @abstractmethod
    async def close(self) -> None:
        """Close the transport; never raises, may be called twice."""

    def _attributes_present(self) -> tuple[Attribute, ...]:
        """The attributes that this instrument has with these options."""
        return self.attributes

    async def _set_up(self) -> None:  # noqa: B027 - a hook that most drivers do not need
        """Write what the readings depend on, such as an integration time; skipped where nothing may be written.

        It runs on every connection, light or not, so it must move nothing.
        """

    async def is_prepared(self) -> bool:
        """False while the device is of no use unless prepared, as a motor that lost its place; reads only."""
        return True

    async def prepare(self) -> None:  # noqa: B027 - a hook that most drivers do not need
        """Get ready, whatever has to move for it: an attenuator may let through all the light there is.

        The supervisor calls it once it may write, and for an attenuator once the source of its link is shown dark.
        """

    async def _identified(self) -> None:  # noqa: B027 - a hook that most drivers do not need
        """Read what the driver must know of the instrument before it is used."""

    async def _read_device_limits(self) -> Mapping[str, Limits]:
        """Limits that the instrument itself reports; called on connect."""
        return {}

    async def _settled(self, attribute: Attribute) -> bool:  # noqa: ARG002 - the attribute is for overrides
        """False while the instrument says that it is still moving; a read-back counts only when it is not."""
        return True

    def settling_time_s(self, attribute: Attribute, value: Value) -> float:  # noqa: ARG002 - value is for overrides
        """How long the read-back of this set-point may take; drivers with motion compute it."""
        return attribute.settle_s

    @final
    async def connect(self, *, may_write: bool = True) -> Identity:
        """Open, check the identity, set up, read the device's own limits. Changes no set-point and moves nothing.

        Args:
            may_write: False only reads; readings then rest on what others have set.

        Raises:
            TransportError: the port cannot be opened or nobody answers.
            IdentityMismatchError: the wrong instrument answers; nothing was written.
        """
        self.may_write = may_write
        self._last_written.clear()
        await self._open()
        try:
            self.identity = await self.identify()
            if may_write:
                await self._set_up()
            await self._identified()
            self._device_limits = dict(await self._read_device_limits())
        except BaseException:
            await self.close()
            raise
        return self.identity

    @final
    async def identify(self) -> Identity:
        """Check who answers.

        Raises:
            IdentityMismatchError: neither kind nor serial number may differ from what is expected.
        """
        text = (await self._identity()).strip()
        match = re.search(self.identity_pattern, text)
        if match is None:
            raise IdentityMismatchError(
                f"{self.name}: {text!r:.200} answers at {self.address}; expected an identity matching "
                f"{self.identity_pattern!r}. Check the address; nothing was written"
            )
        serial = str(match.groupdict().get("serial") or "")
        if self.expected_serial_number and serial != self.expected_serial_number:
            raise IdentityMismatchError(
                f"{self.name}: serial number {serial or 'unknown'} answers at {self.address}; "
                f"expected {self.expected_serial_number}"
            )
        return Identity(text, serial)

    @final
    def attribute(self, name: str) -> Attribute:
        """The declared attribute.

        Raises:
            OutOfRangeError: the device has none of that name.
        """
        if name not in self._by_name:
            raise OutOfRangeError(f"{self.name} has no attribute {name!r}; it has {', '.join(sorted(self._by_name))}")
        return self._by_name[name]

    @final
    def limits(self, name: str) -> Limits:
        """All limits in force: manual, instrument and configuration."""
        limits = self.attribute(name).limits.intersect(self._device_limits.get(name, Limits()))
        return limits.intersect(self._configured.get(name, Limits()))

    @final
    async def read(self, name: str) -> Value:
        """Read one attribute, in its declared unit."""
        return await self._read(self.attribute(name))

    def as_sent(self, attribute: Attribute, value: Value) -> Value:  # noqa: ARG002 - the attribute is for overrides
        """The value that the instrument will be told: a number rounded to the form of the wire, a text in its one form.

        Raises:
            OutOfRangeError: for a text that means nothing to this device.
        """
        return value

    @final
    def check(self, name: str, value: Value) -> Value:
        """What `write` would accept, without sending anything.

        Raises:
            OutOfRangeError: see `Attribute.check`; or what the wire makes of the value lies outside the limits.
        """
        attribute, limits = self.attribute(name), self.limits(name)
        checked = attribute.check(value, limits, who=self.name, previous=self._last_written.get(name))
        if isinstance(checked, bool):
            return checked
        if isinstance(checked, str):
            return self.as_sent(attribute, checked)
        sent = float(self.as_sent(attribute, checked))
        if not limits.admits(sent) and not math.isclose(sent, checked, rel_tol=1e-9):
            raise OutOfRangeError(
                f"{self.name}.{name} = {checked:.15g} refused; it rounds to {sent:.15g} {attribute.unit}, beyond the "
                f"limits {limits.minimum:g} to {limits.maximum:g}"
            )
        return checked

    @final
    async def write(self, name: str, value: Value) -> Value:
        """Check a value against every limit and send it.

        Returns:
            The value in the attribute's type.

        Raises:
            OutOfRangeError: refused before anything was sent.
            InstrumentError: refused by the instrument.
        """
        attribute = self.attribute(name)
        if name not in self._last_written and attribute.has_magnitude and self.limits(name).maximum_step < math.inf:
            self._last_written[name] = await self._read(attribute)
        checked = self.check(name, value)
        self._last_written.pop(name, None)
        await self._write(attribute, checked)
        self._last_written[name] = checked
        return checked

    @final
    async def write_verified(self, name: str, value: Value) -> Value:
        """Write, then read back until the set-point shows or the settling time is over.

        Returns:
            The value read back.

        Raises:
            ReadBackError: the instrument shows something else.
        """
        attribute = self.attribute(name)
        settle_s = self.settling_time_s(attribute, self.check(name, value))
        checked = await self.write(name, value)
        return await self._await_read_back(attribute, checked, settle_s)

    @final
    async def to_safe_state(self, *, first_only: bool = False) -> SafeReport:
        """Run the safe actions and show each by read-back; one that fails holds up no other.

        Configured limits do not hold a device back from safety; the limits of the device itself do.

        Args:
            first_only: run the first action only, the one that counts; the others may take their time.

        Raises:
            UnsafeError: the first action could not be shown.
        """
        read_back: dict[str, Value] = {}
        failures: dict[str, str] = {}
        for name, target in self.safe_actions[: 1 if first_only else None]:
            try:
                read_back[name] = await self._act_safely(self.attribute(name), target)
            except DeviceError as error:
                failures[name] = str(error)
            except Exception as error:  # noqa: BLE001 - third-party drivers may raise anything
                failures[name] = f"driver raised {error!r}; this is a defect of the driver"
        if self.safe_actions and self.safe_actions[0][0] in failures:
            name = self.safe_actions[0][0]
            raise UnsafeError(f"{self.name}: {name} could not be shown safe: {failures[name]}")
        return SafeReport(read_back, failures)

    async def _act_safely(self, attribute: Attribute, target: Value) -> Value:
        value = self._safe_value(attribute, target)
        settle_s = self.settling_time_s(attribute, value)
        await self._write(attribute, value)
        self._last_written[attribute.name] = value
        return await self._await_read_back(attribute, value, settle_s)

    @final
    def safe_values(self) -> dict[str, Value]:
        """The values of the safe state, for comparison with what is read."""
        return {name: self._safe_value(self.attribute(name), target) for name, target in self.safe_actions}

    def _safe_value(self, attribute: Attribute, target: Value) -> Value:
        if target != MAXIMUM:
            return target
        own = attribute.limits.intersect(self._device_limits.get(attribute.name, Limits()))
        return attribute.type(own.maximum)

    async def _await_read_back(self, attribute: Attribute, value: Value, settle_s: float) -> Value:
        deadline = self.clock.monotonic() + settle_s
        while True:
            seen = await self._read(attribute)
            if attribute.matches(value, seen) and await self._settled(attribute):
                return seen
            if self.clock.monotonic() >= deadline:
                raise ReadBackError(
                    f"{self.name}.{attribute.name} reads {seen} {attribute.unit} {settle_s:g} s after {value} was set; "
                    f"expected a difference of at most {attribute.tolerance:g}"
                )
            await self.clock.sleep(_READ_BACK_INTERVAL_S)

    @final
    async def reporting(self, what: str, at_most_s: float, work: Coroutine[Any, Any, T]) -> T:
        """Wait for an operation that takes long, telling `on_progress` about it all the while."""
        begun = self.clock.monotonic()

        async def tell() -> None:
            while True:
                self.on_progress(f"{what}, {self.clock.monotonic() - begun:.0f} s of at most {at_most_s:.0f} s")
                await self.clock.sleep(_PROGRESS_INTERVAL_S)

        teller = asyncio.create_task(tell())
        try:
            return await work
        finally:
            teller.cancel()
            self.on_progress("")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} at {self.address}>"


def _ignore(_: str) -> None:
    """Nobody watches."""


async def close_quietly(device: Device, timeout_s: float = 1.0) -> None:
    """Close a device without waiting for a port that hangs."""
    try:
        async with asyncio.timeout(timeout_s):
            await device.close()
    except TimeoutError:
        return
