"""A USB bus in memory, below pyusb, with one USBTMC instrument on it.

Run as a program it opens the instrument by its serial number through pyvisa-py, moves it to another port, and opens it
again; it prints what it was told. It is a program because pyvisa-py looks for a USB library once, on import.
"""

import array
import asyncio
import struct
from types import SimpleNamespace
from typing import Any

import usb.backend
import usb.backend.libusb1
import usb.core

from qkdctl.devices.errors import ConnectionLostError, DeviceError
from qkdctl.devices.streams import open_stream
from qkdctl.devices.transports import visa

_BULK_IN, _BULK_OUT = 0x82, 0x01


class MemoryUsb(usb.backend.IBackend):  # type: ignore[misc]
    """The bus: where the instrument is plugged in, and what it has to say."""

    def __init__(self, serial_number: str) -> None:
        super().__init__()
        self.serial_number = serial_number
        self.port: tuple[int, int] | None = (1, 4)
        self.log: list[str] = []
        self._replies: list[bytes] = []
        self._tag = 0

    def enumerate_devices(self) -> Any:
        return iter([self.port] if self.port else [])

    def get_device_descriptor(self, dev: tuple[int, int]) -> Any:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=0x1313, idProduct=0x8078, bcdDevice=0, iManufacturer=1, iProduct=2,
            iSerialNumber=3, bNumConfigurations=1, address=dev[1], bus=dev[0], port_number=dev[1],
            port_numbers=(dev[1],), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Any, config: int) -> Any:
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0x80, bMaxPower=50, extra_descriptors=b"",
        )  # fmt: skip

    def get_interface_descriptor(self, dev: Any, intf: int, alt: int, config: int) -> Any:
        if intf or alt:
            raise IndexError(intf)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=2,
            bInterfaceClass=0xFE, bInterfaceSubClass=3, bInterfaceProtocol=1, iInterface=0, extra_descriptors=b"",
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: Any, ep: int, intf: int, alt: int, config: int) -> Any:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(_BULK_OUT, _BULK_IN)[ep], bmAttributes=2,
            wMaxPacketSize=512, bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=b"",
        )  # fmt: skip

    def open_device(self, dev: tuple[int, int]) -> tuple[int, int]:
        return dev

    def close_device(self, dev_handle: Any) -> None:
        """Nothing is held."""

    def set_configuration(self, dev_handle: Any, config_value: int) -> None:
        """There is only one."""

    def get_configuration(self, dev_handle: Any) -> int:
        return 1

    def claim_interface(self, dev_handle: Any, intf: int) -> None:
        """It is free."""

    def release_interface(self, dev_handle: Any, intf: int) -> None:
        """It is free."""

    def is_kernel_driver_active(self, dev_handle: Any, intf: int) -> bool:
        return False

    def ctrl_transfer(
        self, handle: Any, kind: int, request: int, value: int, index: int, data: Any, timeout: int
    ) -> int:
        self._present(handle)
        if request == 6:  # GET_DESCRIPTOR of a string
            texts = ["\u0409", "Thorlabs", "PM100D", self.serial_number]
            text = texts[value & 0xFF].encode("utf-16-le")
            reply = struct.pack("BB", len(text) + 2, 3) + text
        else:
            reply = b"\x01" + bytes(23)
        reply = reply[: len(data)]
        data[: len(reply)] = array.array("B", reply)
        return len(reply)

    def bulk_write(self, handle: Any, ep: int, intf: int, data: Any, timeout: int) -> int:
        self._present(handle)
        message = bytes(data)
        if message[0] == 1:
            (size,) = struct.unpack_from("<L", message, 4)
            command = message[12 : 12 + size]
            self.log.append(f"{handle[0]}-{handle[1]} {command.decode().strip()}")
            if command == b"*IDN?\n":
                self._replies.append(f"Thorlabs,PM100D,{self.serial_number},2.8.0\n".encode())
        else:
            self._tag = message[1]
        return len(message)

    def bulk_read(self, handle: Any, ep: int, intf: int, buff: Any, timeout: int) -> int:
        self._present(handle)
        if not self._replies:
            raise usb.core.USBTimeoutError("timed out", -7, 110)
        reply = self._replies.pop(0)
        tag = self._tag
        packet = struct.pack("<BBBxLBxxx", 2, tag, ~tag & 0xFF, len(reply), 1) + reply + bytes(-len(reply) % 4)
        buff[: len(packet)] = array.array("B", packet)
        return len(packet)

    def _present(self, handle: tuple[int, int]) -> None:
        if handle != self.port:
            raise usb.core.USBError("No such device (it may have been disconnected)", -4, 19)


async def main() -> None:
    bus = MemoryUsb("P0012345")
    usb.backend.libusb1.get_backend = lambda *_, **__: bus
    visa._USB_REOPEN_PAUSE_S = 0.0
    stream = open_stream("USB0::0x1313::0x8078::P0012345::INSTR", 1.0)

    async def ask() -> str:
        await stream.send(b"*IDN?\n", 1.0)
        return (await stream.receive(1.0)).decode().strip()

    await stream.open()
    print(await ask())
    bus.port = None
    try:
        await ask()
    except ConnectionLostError:
        print("lost")
    try:
        await stream.open()
    except ConnectionLostError:
        print("not there")
    bus.port = (3, 9)
    await stream.open()
    print(await ask())
    print(bus.log)
    stranger = open_stream("USB0::0x1313::0x8078::P0099999::INSTR", 1.0)
    try:
        await stranger.open()
    except DeviceError:
        print("no other answers for it")
    await stream.close()


if __name__ == "__main__":
    asyncio.run(main())
