"""ID Quantique ID900 and ID1000 time controllers as counters.

Source: ID Quantique Time Controller Series manual, SCPI commands. The text travels in ZeroMQ messages (REQ to port
5555), one per exchange; a set is answered as well (`Value set to ...`). A REQ socket whose reply was lost never works
again, so it is made anew after each time-out.
"""

import asyncio
import re
from typing import Annotated, Any, ClassVar, Literal

import zmq
import zmq.asyncio
from pydantic import Field

from qkdctl.devices import (
    Attribute,
    ConnectionLostError,
    Device,
    DeviceKind,
    DeviceOptions,
    ExchangeTimeoutError,
    InstrumentError,
    Limits,
    Poll,
    ProtocolError,
    Value,
)
from qkdctl.devices.address import parse_address

_INPUTS = (1, 2, 3, 4)
_NUMBER = re.compile(r"([-+]?\d+(?:\.\d+)?(?:E[-+]?\d+)?)\s*(?:V|TB)?", re.IGNORECASE)
_UNIT_S = {"ms": 1e-3, "ns": 1e-9}


class IdqId900(Device):
    """Count rates of up to four inputs.

    The counters run in cyclic mode, so a reading is the count of the last whole integration time.
    """

    kind: ClassVar[DeviceKind] = DeviceKind.DETECTOR
    identity_pattern: ClassVar[str] = r"(?is)ID\s*(?:Quantique|900|1000).*?Serial\s*:?\s*(?P<serial>[\w-]+)"
    address_example: ClassVar[str] = "zmq+tcp://192.0.2.50:5555"

    class Options(DeviceOptions):
        """Attributes.

        inputs: in use; integration: time of one count in `integration_unit`, which firmware versions read differently.
        """

        inputs: Annotated[tuple[Annotated[int, Field(ge=1, le=4)], ...], Field(min_length=1)] = (1, 2)
        integration: Annotated[int, Field(ge=1)] = 100
        integration_unit: Literal["ms", "ns"] = "ms"

    attributes = (
        Attribute("count_rate_hz", float, "Hz", "clicks per second over the inputs in use", poll=Poll.FAST),
        *(
            Attribute(f"count_rate_{n}_hz", float, "Hz", f"clicks per second at input {n}", poll=Poll.NEVER)
            for n in _INPUTS
        ),
        *(
            Attribute(
                f"threshold_{n}_v", float, "V", f"discriminator threshold of input {n}",
                limits=Limits(-2.0, 2.0), writable=True, poll=Poll.NEVER, tolerance=0.01, wire=f"INPU{n}:THRE",
            )
            for n in _INPUTS
        ),
        *(
            Attribute(
                f"delay_{n}_ps", int, "ps", f"delay of channel {n}",
                limits=Limits(0, 4_000_000), writable=True, poll=Poll.NEVER, wire=f"DELA{n}:VALU",
            )
            for n in _INPUTS
        ),
    )  # fmt: skip

    def __init__(self, name: str, address: str, **settings: Any) -> None:
        super().__init__(name, address, **settings)
        place = parse_address(address)
        if place.scheme != "zmq+tcp":
            raise ValueError(f"{name}: {address!r} is no ZeroMQ address; expected {self.address_example}")
        self._endpoint = f"tcp://{place.host}:{place.port}"
        self._context: zmq.asyncio.Context | None = None
        self._socket: zmq.asyncio.Socket | None = None
        self._lock = asyncio.Lock()
        self._integration_s: dict[int, float] = {}

    def _attributes_present(self) -> tuple[Attribute, ...]:
        """Those of the inputs in use."""
        unused = {f"_{n}_" for n in _INPUTS if n not in self._options.inputs}
        return tuple(attribute for attribute in self.attributes if not any(part in attribute.name for part in unused))

    async def _open(self) -> None:
        await self.close()
        self._context = zmq.asyncio.Context()
        self._renew()

    async def close(self) -> None:
        """Close the socket; messages not yet sent are dropped."""
        socket, self._socket = self._socket, None
        context, self._context = self._context, None
        if socket is not None:
            socket.close(linger=0)
        if context is not None:
            context.term()

    async def _identity(self) -> str:
        return await self._ask("*IDN?")

    async def _set_up(self) -> None:
        """Cyclic counters with the configured integration time; a count means something once a whole one is over."""
        options = self._options
        for n in options.inputs:
            await self._tell(f"INPU{n}:ENAB ON")
            await self._tell(f"INPU{n}:COUN:MODE CYCL")
            await self._tell(f"INPU{n}:COUN:INTE {options.integration}")
        await asyncio.sleep(options.integration * _UNIT_S[options.integration_unit])

    async def _identified(self) -> None:
        """Rates rest on the integration times that the unit has, whoever set them."""
        unit_s = _UNIT_S[self._options.integration_unit]
        for n in self._options.inputs:
            self._integration_s[n] = _number(await self._ask(f"INPU{n}:COUN:INTE?"), self.name) * unit_s

    async def _read(self, attribute: Attribute) -> Value:
        if not attribute.name.startswith("count_rate"):
            number = _number(await self._ask(f"{attribute.wire}?"), self.name)
            return round(number) if attribute.type is int else number
        match = re.search(r"_(\d)_", attribute.name)
        inputs = (int(match[1]),) if match else self._options.inputs
        reply = await self._ask(";:".join(f"INPU{n}:COUN?" for n in inputs))
        counts = [line.strip() for line in reply.replace(";", "\n").splitlines() if line.strip()]
        if len(counts) != len(inputs) or not all(count.isdigit() for count in counts):
            raise ProtocolError(f"{self.name}: {reply[:80]!r}; expected {len(inputs)} integers")
        return sum(int(count) / self._integration_s[n] for n, count in zip(inputs, counts, strict=True))

    async def _write(self, attribute: Attribute, value: Value) -> None:
        await self._tell(f"{attribute.wire} {self._as_text(value)}")

    def as_sent(self, attribute: Attribute, value: Value) -> Value:
        """Volts are sent in millivolts, delays as whole picoseconds."""
        return attribute.type(self._as_text(value))

    @staticmethod
    def _as_text(value: Value) -> str:
        return f"{value:.3f}" if isinstance(value, float) else str(value)

    async def _tell(self, command: str) -> None:
        """A set; its answer says what was set."""
        reply = await self._ask(command)
        if "value set to" not in reply.lower():
            raise InstrumentError(f"{self.name} answers {reply[:80]!r} to {command!r}", command)

    async def _ask(self, command: str) -> str:
        """One message, one reply."""
        async with self._lock:
            if self._socket is None:
                raise ConnectionLostError(f"{self.name}: not open")
            try:
                async with asyncio.timeout(self.timeout_s):
                    await self._socket.send_string(command)
                    return str(await self._socket.recv_string()).strip()
            except TimeoutError:
                self._renew()
                raise ExchangeTimeoutError(f"{self.name}: no reply to {command!r} in {self.timeout_s:g} s") from None
            except asyncio.CancelledError:
                self._renew()
                raise
            except (zmq.ZMQError, UnicodeDecodeError) as error:
                self._renew()
                raise ConnectionLostError(f"{self.name}: {error}") from error

    def _renew(self) -> None:
        if self._socket is not None:
            self._socket.close(linger=0)
        assert self._context is not None
        self._socket = self._context.socket(zmq.REQ)
        self._socket.connect(self._endpoint)

    @property
    def _options(self) -> Options:
        assert isinstance(self.options, IdqId900.Options)
        return self.options


def _number(reply: str, who: str) -> float:
    """The number in a reply; times end with `TB` and volts with `V`."""
    match = _NUMBER.fullmatch(reply)
    if match is None:
        raise ProtocolError(f"{who}: {reply[:80]!r}; expected a number")
    return float(match[1])
