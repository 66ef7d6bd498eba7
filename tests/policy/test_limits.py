"""How bright a link may be commanded."""

from hypothesis import given
from hypothesis import strategies as st

from qkdctl.policy.limits import brightest_e6, highest_allowed_e6
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from tests.policy.states import facts

protocols = st.builds(
    ProtocolFacts,
    protocol=st.just("bb84"),
    cap_mean_photon_number_e6=st.integers(0, 2_000_000),
    qber_limit_ppm=st.just(90_000),
)
links = st.builds(
    facts, attenuator_step_mdb=st.integers(0, 5_000), calibration_uncertainty_ppm=st.integers(0, 1_000_000)
)


@given(links, protocols)
def test_the_highest_command_keeps_the_cap_even_one_step_too_bright(link: LinkFacts, protocol: ProtocolFacts) -> None:
    command = highest_allowed_e6(link, protocol)
    worst = command * (1 + link.calibration_uncertainty_ppm / 1e6) * 10 ** (link.attenuator_step_mdb / 10_000)
    assert worst <= protocol.cap_mean_photon_number_e6 * (1 + 1e-12)
    assert brightest_e6(command, link) <= protocol.cap_mean_photon_number_e6
    assert brightest_e6(command + 1, link) >= protocol.cap_mean_photon_number_e6


def test_perfect_calibration_and_a_continuous_attenuator_leave_the_whole_cap() -> None:
    link = facts(attenuator_step_mdb=0, calibration_uncertainty_ppm=0)
    assert highest_allowed_e6(link, link.protocols[0]) == 800_000


def test_margin_is_not_wasteful() -> None:
    link = facts(attenuator_step_mdb=100, calibration_uncertainty_ppm=0)
    assert highest_allowed_e6(link, link.protocols[0]) > 0.999 * 800_000 / 10**0.01
