"""ACME FA-1 fibre attenuator, a driver that lives outside of qkdctl.

Source: ACME FA-1 manual, chapter "Remote control". Lines end with LF; `ATT?` and `SHUT?` ask, `ATT <dB>` and
`SHUT OPEN|CLOSED` set without a reply, `SYST:ERR?` empties the error queue.
"""

from typing import ClassVar

from qkdctl.devices import Attribute, DeviceKind, DeviceOptions, Limits, Poll, Scpi, ScpiDevice, Value


class AcmeFa1(ScpiDevice):
    """One-channel attenuator with a shutter; the motor needs up to half a second."""

    kind: ClassVar[DeviceKind] = DeviceKind.ATTENUATOR
    identity_pattern: ClassVar[str] = r"^ACME,FA-1,(?P<serial>[^,]*),"
    address_example: ClassVar[str] = "tcp://192.0.2.7:5025"
    safe_actions: ClassVar[tuple[tuple[str, Value], ...]] = (("shutter_open", False), ("attenuation_db", "maximum"))
    darkens: ClassVar[bool] = True

    class Options(DeviceOptions):
        """No options."""

    attributes = (
        Attribute(
            name="attenuation_db",
            type=float,
            unit="dB",
            description="attenuation",
            limits=Limits(0.0, 60.0),
            writable=True,
            poll=Poll.FAST,
            resolution=0.01,
            tolerance=0.02,
            settle_s=0.5,
            wire=Scpi("ATT?", "ATT {value:.2f}"),
        ),
        Attribute(
            name="shutter_open",
            type=bool,
            description="light passes",
            writable=True,
            poll=Poll.FAST,
            wire=Scpi("SHUT?", "SHUT {value}", words={True: "OPEN", False: "CLOSED"}),
        ),
    )
