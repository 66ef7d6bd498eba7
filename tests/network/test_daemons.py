"""Four daemons with a link decide on through bad weather, crashes and a new broker; one that was forked off stops."""

import asyncio
import signal
from pathlib import Path

import pytest

from hil_sim.faults.mqtt_faults import MqttFault, MqttFaultKind
from qkdctl import exit_codes
from tests.bus.broker import MOSQUITTO
from tests.network.daemons.histories import another_history, remember
from tests.network.daemons.laboratory import Laboratory, Plan, is_well, laboratory, links_run

pytestmark = [pytest.mark.needs_mosquitto, pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")]

PLAN = Plan(("n1", "n2", "n3", "n4"), {"n1-n2": ("n1", "n2")})
WEATHER = (
    MqttFault(MqttFaultKind.DROP, share=0.2, directions=("down",)),
    MqttFault(MqttFaultKind.DELAY, jitter_s=0.2, directions=("down",)),
    MqttFault(MqttFaultKind.DUPLICATE, share=0.1, directions=("down",)),
    MqttFault(MqttFaultKind.REORDER, share=0.2, jitter_s=0.2, directions=("down",)),
)


@pytest.mark.asyncio
@pytest.mark.timeout(400)
async def test_four_daemons_survive_everything_but_a_fork(tmp_path: Path) -> None:
    async with laboratory(tmp_path, PLAN) as lab, asyncio.TaskGroup() as tasks:
        other = tasks.create_task(another_history(tmp_path / "other", lab.daemons))
        await lab.bring_up()
        assert lab.light()["n1-n2"].last > 0
        for fault in WEATHER:
            lab.proxy.fault(fault)
        await lab.daemons["n4"].end(signal.SIGKILL)
        await lab.decides_on(2)
        lab.daemons["n4"].start()
        lab.broker.kill()
        await lab.broker.start()
        await lab.decides_on(2)
        lab.proxy.clear()
        await lab.all_until(lambda status: links_run(status) and is_well(status), "end of alarms")
        assert lab.faults_found() == []
        await _fork(lab, await other)


async def _fork(lab: Laboratory, history: Path) -> None:
    """A node comes back with a past in which other things were decided: it stops for good, and its light with it.

    To the node, a weak quorum contradicts what it knows to be decided, so more than f members lie. The others hear one
    that contradicts, and go on.
    """
    daemon = lab.daemons["n1"]
    await daemon.end(signal.SIGKILL)
    assert lab.light()["n1-n2"].last > 0, "nobody has told the light to go out"
    remember(daemon, history)
    daemon.start()
    assert await daemon.ended() == exit_codes.FORK
    assert daemon.raised() >= {"conflicting-history", "fork"}
    assert lab.light()["n1-n2"].last == 0
    await lab.decides_on(1)
    assert all("fork" not in other.raised() for other in lab.daemons.values() if other is not daemon)
    assert await lab.close_down() == {"n1": exit_codes.FORK, **dict.fromkeys(("n2", "n3", "n4"), exit_codes.OK)}
    assert lab.wire.key_used_twice() == []
