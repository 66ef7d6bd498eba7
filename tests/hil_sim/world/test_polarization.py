import math

import numpy as np
import pytest

from hil_sim.world.parameters import Polarization
from hil_sim.world.polarization import RotationWalk, basis_errors, controller_rotation
from tests.hil_sim.world.links import STILL, HandClock, lit_link

HALF_WAVE_MV = 2500.0


def turn(axis, angle):
    """Rotation by an angle about an axis, by the exponential of its generator."""
    x, y, z = np.asarray(axis, dtype=float)
    generator = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    values, vectors = np.linalg.eig(generator)
    return (vectors @ np.diag(np.exp(values * angle)) @ np.linalg.inv(vectors)).real


def test_plates_turn_about_their_own_axes_in_order():
    angles = [math.pi * v / HALF_WAVE_MV for v in (300, -700, 1900, 4100)]
    z, x = (0, 0, 1), (1, 0, 0)
    expected = turn(x, angles[3]) @ turn(z, angles[2]) @ turn(x, angles[1]) @ turn(z, angles[0])
    assert controller_rotation((300, -700, 1900, 4100), HALF_WAVE_MV) == pytest.approx(expected, abs=1e-12)


def test_no_voltage_no_turn_and_full_wave_no_turn():
    assert np.array_equal(controller_rotation((0, 0, 0, 0), HALF_WAVE_MV), np.eye(3))
    assert controller_rotation((5000, -5000, 5000, 5000), HALF_WAVE_MV) == pytest.approx(np.eye(3), abs=1e-12)


@pytest.mark.parametrize("degrees", [1, 4, 5.74, 10])
def test_errors_follow_the_squared_sine_of_the_misalignment(degrees):
    # an angle between polarisations is half the angle on the sphere: 1 degree .03 %, 4 .49 %, 5.74 1.0 %, 10 3.0 %
    physical = math.radians(degrees)
    assert basis_errors(turn((0, 1, 0), 2 * physical)) == pytest.approx([math.sin(physical) ** 2] * 2)


def test_each_basis_suffers_from_turns_that_move_it():
    about_z, about_x = basis_errors(turn((0, 0, 1), 0.3)), basis_errors(turn((1, 0, 0), 0.3))
    assert about_z == pytest.approx([0, math.sin(0.15) ** 2])
    assert about_x == pytest.approx([math.sin(0.15) ** 2, 0])


def test_a_link_starts_aligned_and_both_bases_lose_alignment():
    parameters = STILL.model_copy(update={"polarization": Polarization(walk_rad_per_sqrt_s=0.05)})
    later = []
    for seed in range(200):
        link = lit_link(parameters, seed=seed, clock=(clock := HandClock()))
        assert link.misalignment_errors() == pytest.approx((0.01, 0.01))
        clock.go_on(40)
        later.append(link.misalignment_errors())
        assert link.misalignment_error() == pytest.approx(sum(later[-1]) / 2)
    # intrinsic errors in the aligned part, and (1 - exp(-s^2 t)) / 2 = 4.76 % of the photons turned over
    expected = 0.01 + 0.98 * 0.0476
    for errors in np.transpose(later):
        assert abs(errors.mean() - expected) < 5 * errors.std() / math.sqrt(200)
    assert np.corrcoef(np.transpose(later))[0, 1] < 0.8, "they do not simply move together"


@pytest.mark.parametrize("seed", range(8))
def test_some_voltages_undo_whatever_the_fibre_did(seed):
    parameters = STILL.model_copy(update={"polarization": Polarization(walk_rad_per_sqrt_s=0.05)})
    link = lit_link(parameters, seed=seed, clock=(clock := HandClock()))
    clock.go_on(2000)
    assert link.misalignment_error() > 0.05
    link.set_polarization_voltages_mv(undoing(link, seed))
    assert link.misalignment_error() < 0.01 + 0.003
    assert link.misalignment_error() == pytest.approx(0.01, abs=1e-5)


def undoing(link, seed):
    """Voltages for the inverse of the fibre by Euler angles: about z, about x, about z; the fourth plate rests."""
    polarization = link.parameters.polarization
    walk = RotationWalk(
        seed, (link.name, "polarization"), link.parameters.drift_step_s, polarization.walk_rad_per_sqrt_s
    )
    fibre = walk.at(2000) @ controller_rotation(polarization.start_mv, HALF_WAVE_MV).T
    wanted = fibre.T
    middle = math.acos(wanted[2, 2])
    first = math.atan2(wanted[2, 0], wanted[2, 1])
    last = math.atan2(wanted[0, 2], -wanted[1, 2])
    return (*(round(angle / math.pi * HALF_WAVE_MV) for angle in (first, middle, last)), 0)
