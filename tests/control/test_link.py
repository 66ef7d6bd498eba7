"""One link: it comes up, obeys, goes dark, and nothing that goes wrong leaves light where none may be."""

import asyncio

import pytest

from tests.control.lab import CAP_E6, Lab
from tests.control.virtual import until, virtual


@pytest.mark.parametrize("wedge", [False, True])
@virtual
async def test_a_calibrated_link_comes_up_and_goes_dark_at_the_end(wedge: bool) -> None:
    lab = Lab(wedge=wedge)
    async with lab.running() as daemon:
        await until(lambda: daemon.link.mode == "running")
        assert lab.mean_photon_number == pytest.approx(0.3, rel=0.01)
        assert daemon.link.watch.told_e6 == pytest.approx(1e6 * lab.mean_photon_number, rel=0.01)
        stopped_at = asyncio.get_running_loop().time()
    assert not lab.world.on
    assert lab.world.emitted[-1][0] - stopped_at < 0.1
    assert max(mean for _, mean in lab.world.launched) <= CAP_E6 / 1e6


@virtual
async def test_calibrating_by_order_gives_the_record_of_the_bench() -> None:
    for wedge in (False, True):
        lab = Lab(wedge=wedge)
        async with lab.running(calibrated=False) as daemon:
            await until(lambda: all(s.usable for s in daemon.supervisors.values()))
            record = await daemon.link.orders.calibrate("test")
            assert record.tap_power_w == pytest.approx(7.5e-5)
            assert max(mean for _, mean in lab.world.launched) < 0.01
            await until(lambda: daemon.link.mode == "running")
            assert lab.disk.records["a-b"] == record
