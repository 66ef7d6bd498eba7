"""The daemon's own polling: its Supervisor, its driver, its session and transport, as `qkdctl run` puts them together.

The time stamps are those that the Supervisor itself keeps with each reading.
"""

import asyncio

from qkdctl_drivers.keysight_n776x import KeysightN776x

from qkdctl.clock import RealClock
from qkdctl.devices.supervisor import DeviceState, Supervisor, SupervisorSettings
from tests.bench.worker import Order, Sample, Stopwatch, Window, serve

# A grid this fine has always passed its next deadline, so that polls follow each other without pause.
_NO_PAUSE_S = 1e-6


class SupervisorWatch(Stopwatch):
    """Takes the latencies from the readings of a Supervisor at the end of each cycle.

    Attributes:
        online: set when the device has been polled once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.online = asyncio.Event()

    def changed(self, supervisor: Supervisor) -> None:
        """Called by the Supervisor after each change of state and each cycle."""
        if supervisor.counters.cycles == self.cycles:
            return
        assert supervisor.state is DeviceState.ONLINE, f"{supervisor.device}: {supervisor.last_error}"
        self.cycles = supervisor.counters.cycles
        before_s = supervisor.last_tick
        for stamp_s in sorted(reading.at for reading in supervisor.readings.values() if reading.at > before_s):
            self.latencies_ns.append(round((stamp_s - before_s) * 1e9))
            before_s = stamp_s
        self.online.set()


async def _measure(order: Order) -> Sample:
    watches: list[Stopwatch] = []
    supervisors: list[Supervisor] = []
    online = []
    for number, ((host, port), offset_s) in enumerate(zip(order.addresses, order.offsets_s, strict=True)):
        device = KeysightN776x(f"voa-{number}", f"tcp://{host}:{port}")
        settings = SupervisorSettings(poll_s=order.period_s or _NO_PAUSE_S, offset_s=offset_s)
        watch = SupervisorWatch()
        supervisors.append(Supervisor(device, settings, RealClock(), on_change=watch.changed))
        watches.append(watch)
        online.append(watch.online.wait())
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(supervisor.run()) for supervisor in supervisors]
        async with asyncio.timeout(20.0):
            await asyncio.gather(*online)
        await asyncio.sleep(order.settle_s)
        missed = sum(supervisor.grid.missed for supervisor in supervisors)
        for supervisor in supervisors:
            supervisor.counters.lateness_s.clear()
        window = Window(watches, order)
        await asyncio.sleep(order.seconds)
        sample = window.close()
        if order.period_s:
            sample.missed = sum(supervisor.grid.missed for supervisor in supervisors) - missed
            sample.lateness_ns = [round(late * 1e9) for s in supervisors for late in s.counters.lateness_s]
        failures = sum(supervisor.counters.failures for supervisor in supervisors)
        assert failures == 0, f"{failures} polls failed: {[s.last_error for s in supervisors]}"
        for task in tasks:
            task.cancel()
    return sample


if __name__ == "__main__":
    serve(lambda order: asyncio.run(_measure(order)), "qkdctl")
