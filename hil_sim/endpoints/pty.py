"""A simulated instrument on a serial port, which is a pseudo-terminal with a by-id style link."""

import asyncio
import os
import tty
from pathlib import Path

from hil_sim.endpoints.base import Instrument
from hil_sim.endpoints.faults import FaultPlan
from hil_sim.endpoints.line import Line
from qkdctl.clock import Clock

# What a reader may leave unread before bytes get lost, as on a line without flow control.
_UNSENT_LIMIT = 64 * 1024
_BITS_PER_CHARACTER = 10  # 8N1: start, eight data bits, stop


class PtyEndpoint:
    """A pseudo-terminal in raw mode in front of one instrument.

    A serial line has one conversation however often a client opens it: like a real instrument it does not notice
    who listens. Unplugging removes the device and its link; plugging in makes a new device behind the same link.
    """

    def __init__(
        self,
        name: str,
        instrument: Instrument,
        clock: Clock,
        *,
        link: Path,
        baud: int = 9600,
        paced: bool = False,
        seed: int = 0,
    ) -> None:
        """Prepare a serial port for `instrument`.

        Args:
            name: name of the instrument in its scenario.
            instrument: what answers.
            clock: paces delays.
            link: symbolic link to make, e.g. `by-id/usb-Koheron_CTL200_0042-if00-port0`.
            baud: nominal speed, shown in the address.
            paced: let bytes take the time that they take at `baud` (8N1).
            seed: of the fault plan.
        """
        self._name = name
        self._instrument = instrument
        self._clock = clock
        self._link = link
        self._baud = baud
        self._byte_time_s = _BITS_PER_CHARACTER / baud if paced else 0.0
        self._faults = FaultPlan(clock, seed)
        self._port: _Port | None = None

    @property
    def name(self) -> str:
        """Name of the instrument in its scenario."""
        return self._name

    @property
    def address(self) -> str:
        """Where clients find it."""
        return f"serial://{self._link}?baud={self._baud}"

    @property
    def link(self) -> Path:
        """The by-id style link, which stays the same when the device behind it changes."""
        return self._link

    @property
    def faults(self) -> FaultPlan:
        """Faults between the instrument and the wire."""
        return self._faults

    async def start(self) -> None:
        """Make the device and its link.

        Raises:
            FileExistsError: when something else than an old link lies at the link's path.
        """
        if self._port is not None:
            return
        self._link.parent.mkdir(parents=True, exist_ok=True)
        if self._link.is_symlink():
            self._link.unlink()
        port = _Port()
        try:
            self._link.symlink_to(port.path)
        except OSError:
            port.close()
            raise
        line = Line(self._instrument.converse(), port.write, self._faults, self._clock, byte_time_s=self._byte_time_s)
        port.open(line)
        self._port = port

    async def stop(self) -> None:
        """Remove the device and its link."""
        await self.unplug()
        await self._faults.close()

    async def unplug(self) -> None:
        """Remove the device and its link; a client that has it open reads end of file."""
        if self._port is None:
            return
        self._link.unlink(missing_ok=True)
        tasks = self._port.close()
        self._port = None
        await asyncio.gather(*tasks, return_exceptions=True)

    async def replug(self) -> None:
        """Make a new device behind the same link."""
        await self.start()


class _Port:
    """The master side of one pseudo-terminal on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        # The slave side stays open here: without it the master fails whenever no client has the port open.
        self._master, self._slave = os.openpty()
        self.path = os.ttyname(self._slave)
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self._unsent = bytearray()
        self._line: Line | None = None

    def open(self, line: Line) -> None:
        """Begin to carry bytes."""
        self._line = line
        self._loop.add_reader(self._master, self._read)
        line.open()

    def write(self, data: bytes) -> None:
        """Send; what a client leaves unread beyond the limit is lost."""
        room = _UNSENT_LIMIT - len(self._unsent)
        self._unsent += data[:room]
        self._push()

    def close(self) -> list[asyncio.Task[None]]:
        """Close both sides; returns the cancelled tasks of the line."""
        self._loop.remove_reader(self._master)
        self._loop.remove_writer(self._master)
        os.close(self._master)
        os.close(self._slave)
        return self._line.close() if self._line is not None else []

    def _read(self) -> None:
        assert self._line is not None, "reading begins when the line is open"
        try:
            data = os.read(self._master, 4096)
        except BlockingIOError:
            return
        self._line.feed(data)

    def _push(self) -> None:
        try:
            sent = os.write(self._master, self._unsent)
        except BlockingIOError:
            sent = 0
        del self._unsent[:sent]
        if self._unsent:
            self._loop.add_writer(self._master, self._push)
        else:
            self._loop.remove_writer(self._master)
