import pytest
from pydantic import ValidationError

from hil_sim.world.detector import DetectorChannel
from hil_sim.world.parameters import DetectorParameters, SnspdBias
from tests.hil_sim.world.links import NANOWIRE, QUIET


def test_efficiency_is_a_sigmoid_of_the_bias():
    wire = DetectorChannel(NANOWIRE)
    assert wire.efficiency() == pytest.approx(0.65, rel=0.01)
    wire.set_bias_ua(12.0)
    assert wire.efficiency() == pytest.approx(0.325)
    wire.set_bias_ua(0.0)
    assert wire.efficiency() < 1e-4


def test_dark_counts_grow_by_e_per_scale_towards_switching():
    wire = DetectorChannel(NANOWIRE)
    wire.set_bias_ua(19.4)
    nearer, stray = wire.dark_rate_hz(), 100.0
    wire.set_bias_ua(19.1)
    assert (nearer - stray) / (wire.dark_rate_hz() - stray) == pytest.approx(2.71828, rel=0.01)
    wire.set_bias_ua(17.0)
    assert wire.dark_rate_hz() == pytest.approx(stray, rel=0.06)


def test_too_much_bias_latches_until_the_current_is_taken_away():
    wire = DetectorChannel(NANOWIRE)
    wire.set_bias_ua(20.0)
    assert (wire.latched, wire.efficiency(), wire.dark_rate_hz()) == (True, 0.0, 0.0)
    wire.set_bias_ua(17.0)
    assert wire.latched, "the hot spot holds itself below the switching current"
    wire.set_bias_ua(3.9)
    wire.set_bias_ua(17.0)
    assert not wire.latched
    assert wire.efficiency() > 0.6


def test_switching_it_off_and_on_resets_a_latched_wire():
    wire = DetectorChannel(NANOWIRE)
    wire.set_bias_ua(25.0)
    wire.set_enabled(False)
    wire.set_bias_ua(17.0)
    wire.set_enabled(True)
    assert not wire.latched


def test_switching_on_above_the_switching_current_latches():
    wire = DetectorChannel(NANOWIRE)
    wire.set_enabled(False)
    wire.set_bias_ua(21.0)
    assert not wire.latched
    wire.set_enabled(True)
    assert wire.latched


def test_an_avalanche_diode_has_no_bias_to_set():
    diode = DetectorChannel(QUIET)
    with pytest.raises(ValueError, match="no bias current"):
        diode.set_bias_ua(10.0)
    diode.set_enabled(False)
    assert (diode.efficiency(), diode.dark_rate_hz()) == (0.0, 0.0)


@pytest.mark.parametrize("bias_ua", [-1.0, float("nan"), float("inf")])
def test_a_bias_is_a_current(bias_ua):
    with pytest.raises(ValueError, match="0 uA or more"):
        DetectorChannel(NANOWIRE).set_bias_ua(bias_ua)


def test_parameters_of_another_kind_are_refused():
    with pytest.raises(ValidationError, match="'snspd' and for no other"):
        DetectorParameters(kind="spad", efficiency=0.2, dark_count_rate_hz=1, dead_time_s=0, bias=SnspdBias())
    with pytest.raises(ValidationError, match="'snspd' and for no other"):
        DetectorParameters(kind="snspd", efficiency=0.2, dark_count_rate_hz=1, dead_time_s=0)
    with pytest.raises(ValidationError, match="starts latched"):
        SnspdBias(operating_ua=20.0)
