"""Attacks show in the counts, reports, monitors and relayed keys of a network as they do in the literature."""

import numpy as np
import pytest

from hil_sim.adversary.adversary import Act, Adversary
from hil_sim.adversary.duty import Duty
from hil_sim.network.world import NetworkWorld
from tests.hil_sim.network.networks import chain, commanded, demand, hardware, ring
from tests.hil_sim.network.stories import happened, same

Z, X, SIGNAL, DECOY, VACUUM = 0, 1, 0, 1, 2
MDI, TF = 1, 2
ERROR = 0.01


def eavesdropper(kind, strength=1.0, **options):
    return Adversary((Act(kind, strength),), links=(0,), **options)


def node(number, *kinds, strength=1.0, **options):
    return Adversary(tuple(Act(kind, strength) for kind in kinds), node=number, **options)


def world_of(*adversaries, losses_db=(10.0, 10.0), demands=(), routes=None, seed=5, **parameters):
    parts = hardware(intrinsic_error=ERROR, **parameters)
    network = chain(list(losses_db), parts, demands=demands, routes=routes, adversaries=adversaries, relay=True)
    return NetworkWorld([network], [seed])


def rates(epoch):
    """Gain and error rate, shape (2 bases, cells, links)."""
    counted = epoch.counted
    return (
        counted.detected / np.maximum(counted.sent, 1),
        counted.errors / np.maximum(counted.detected, 1),
    )


def attacked_and_honest(*adversaries, protocol=0, **options):
    """An epoch with the adversaries and one without, under the same weather and noise."""
    epochs = []
    for cast in (adversaries, ()):
        world = world_of(*cast, **options)
        epochs.append(world.step(commanded(world, protocol=protocol)))
        if protocol:
            # the switch takes its time
            for _ in range(8):
                epochs[-1] = world.step(world.holding())
    return epochs


def test_adversaries_that_never_act_change_nothing():
    sleepers = [
        eavesdropper("blinding", duty=Duty(start_epoch=10**6)),
        node(1, "replay", "spy", duty=Duty(start_epoch=10**6), replay_delay=3),
    ]
    worlds = world_of(*sleepers, demands=[demand(0, 2)]), world_of(demands=[demand(0, 2)])
    stories = [[happened(world, world.step(world.holding()), 0) for _ in range(10)] for world in worlds]
    assert same(*stories)
    assert worlds[0].misconduct.byzantine.tolist() == [False, True, False, False]
    assert not worlds[1].misconduct.byzantine.any()


@pytest.mark.parametrize(
    "kind", ["random-states", "intercept-resend", "one-basis", "photon-number-splitting", "blinding"]
)
def test_other_links_do_not_notice_an_attack(kind):
    attacked, honest = attacked_and_honest(eavesdropper(kind))
    for name in ("sent", "detected", "errors"):
        one, other = (getattr(epoch.counted, name)[..., 1] for epoch in (attacked, honest))
        assert one.tolist() == other.tolist()
    assert not np.array_equal(attacked.counted.errors[..., 0], honest.counted.errors[..., 0])


@pytest.mark.parametrize("fraction", [0.04, 0.5, 1.0])
def test_intercept_and_resend_shows_in_both_bases(fraction):
    attacked, _ = attacked_and_honest(eavesdropper("intercept-resend", fraction))
    expected = ERROR * (1 - fraction / 2) + fraction / 4
    assert rates(attacked)[1][:, SIGNAL, 0] == pytest.approx(expected, rel=0.02)


def test_measuring_in_the_key_basis_shows_in_the_other_alone():
    attacked, honest = attacked_and_honest(eavesdropper("one-basis", 0.3))
    wrong, usual = rates(attacked)[1], rates(honest)[1]
    assert wrong[Z, SIGNAL, 0] == pytest.approx(usual[Z, SIGNAL, 0], rel=0.02)
    assert wrong[X, SIGNAL, 0] == pytest.approx(ERROR * 0.7 + 0.15, rel=0.02)


def test_random_states_are_wrong_half_of_the_time():
    attacked, _ = attacked_and_honest(eavesdropper("random-states", 0.1))
    assert rates(attacked)[1][:, SIGNAL, 0] == pytest.approx(ERROR * 0.9 + 0.05, rel=0.02)


def test_splitting_shows_in_the_decoys_alone_and_costs_all_key():
    attacked, honest = attacked_and_honest(eavesdropper("photon-number-splitting"), losses_db=(20.0, 20.0))
    (gain, wrong), (usual_gain, usual_wrong) = rates(attacked), rates(honest)
    assert gain[:, SIGNAL, 0] == pytest.approx(usual_gain[:, SIGNAL, 0], rel=0.02)
    assert wrong[:, SIGNAL, 0] == pytest.approx(usual_wrong[:, SIGNAL, 0], rel=0.05)
    # pulses of two photons or more are a fifth squared as frequent, and a little more
    assert (gain[:, DECOY, 0] < 0.3 * usual_gain[:, DECOY, 0]).all()
    assert attacked.key.proven_bits[0] == 0
    assert honest.key.proven_bits[0] > 0


def test_splitting_leaves_vacuum_and_afterpulses_alone():
    detector = hardware().detector.model_copy(
        update={"kind": "spad", "bias": None, "afterpulse_probability": 0.05, "dark_count_rate_hz": 1e4, "gated": True}
    )
    attacked, honest = attacked_and_honest(eavesdropper("photon-number-splitting"), detector=detector)
    (gain, _), (usual, _) = rates(attacked), rates(honest)
    assert gain[:, VACUUM, 0] == pytest.approx(usual[:, VACUUM, 0], rel=0.03)


def test_blinding_shows_in_monitors_and_clicks_and_its_bits_are_known_after_all():
    share = 0.4
    attacked, honest = attacked_and_honest(eavesdropper("blinding", share))
    (gain, wrong), (usual_gain, usual_wrong) = rates(attacked), rates(honest)
    assert gain[:, SIGNAL, 0] == pytest.approx(usual_gain[:, SIGNAL, 0] * (1 - share / 2), rel=0.01)
    assert wrong[:, SIGNAL, 0] == pytest.approx(usual_wrong[:, SIGNAL, 0], rel=0.1)
    assert attacked.monitors.photocurrent_deviation.tolist() == [share, 0.0]
    assert attacked.monitors.double_click_factor.tolist() == [1 - share, 1.0]
    key = attacked.key
    assert key.stored_bits[0] > 0
    assert key.known_bits[0] / key.stored_bits[0] == pytest.approx(share / 2 / (1 - share / 2), rel=1e-3)
    assert key.known_bits[1] == 0
    assert not honest.key.known_bits.any()


def test_known_key_leaks_through_the_demands_that_use_it():
    world = world_of(
        eavesdropper("blinding"),
        demands=[demand(0, 1, 2e6), demand(1, 2, 2e6)],
        start_mean_photon_number=0.4,
    )
    for _ in range(30):
        served = world.step(world.holding()).served
    assert served.leaked[1] == 0
    assert 0 < served.leaked[0] <= served.delivered[0]
    # all that was made since is known; what is left of the start is not
    assert served.leaked[0] / served.delivered[0] == pytest.approx(world.buffers.known_share()[0], abs=0.05)


@pytest.mark.parametrize("protocol", [MDI, TF])
def test_a_relay_cannot_be_blinded_nor_photons_split_before_it(protocol):
    attacks = eavesdropper("blinding"), eavesdropper("photon-number-splitting")
    attacked, honest = attacked_and_honest(*attacks, protocol=protocol)
    assert attacked.counted.detected.tolist() == honest.counted.detected.tolist()
    assert not attacked.monitors.photocurrent_deviation.any()
    assert not attacked.key.known_bits.any()
    assert honest.counted.detected.any()


def test_made_up_announcements_are_wrong_half_of_the_time():
    attacked, honest = attacked_and_honest(node(3, "fabrication", strength=0.2), protocol=MDI)
    (gain, wrong), (usual_gain, usual_wrong) = rates(attacked), rates(honest)
    assert gain[:, SIGNAL] == pytest.approx(usual_gain[:, SIGNAL], rel=0.02)
    assert wrong[:, SIGNAL] == pytest.approx(0.8 * usual_wrong[:, SIGNAL] + 0.1, rel=0.02)


def test_a_relay_that_measures_in_z_makes_x_random():
    attacked, honest = attacked_and_honest(node(3, "z-measurement"), protocol=MDI)
    wrong, usual = rates(attacked)[1], rates(honest)[1]
    assert wrong[Z, SIGNAL] == pytest.approx(usual[Z, SIGNAL], rel=0.05)
    assert wrong[X, SIGNAL] == pytest.approx(0.5, rel=0.01)
    assert not attacked.key.proven_bits.any()


def test_a_liar_reports_fewer_errors_and_the_other_end_the_true_ones():
    world = world_of(node(0, "understate-errors", claimed_error_rate=0.001))
    epoch = world.step(world.holding())
    reports, truth = epoch.reports, epoch.counted
    assert reports.errors[1].tolist() == truth.errors.tolist()
    assert reports.detected[0].tolist() == truth.detected.tolist()
    claimed = reports.errors[0, Z, SIGNAL] / truth.detected[Z, SIGNAL]
    assert claimed[0] == pytest.approx(0.001, rel=0.01)
    assert claimed[1] == truth.errors[Z, SIGNAL, 1] / truth.detected[Z, SIGNAL, 1]


def test_hidden_decoys_look_honest_while_the_truth_does_not():
    world = world_of(eavesdropper("photon-number-splitting"), node(1, "hide-decoys"), losses_db=(20.0, 20.0))
    epoch = world.step(world.holding())
    usual = rates(attacked_and_honest(losses_db=(20.0, 20.0))[1])[0][Z, DECOY, 0]
    said = epoch.reports.detected[:, Z, DECOY, 0] / epoch.reports.sent[:, Z, DECOY, 0]
    assert said[1] == pytest.approx(usual, rel=0.05)
    assert said[0] < 0.3 * usual


def test_old_and_frozen_tables_are_those_of_earlier_epochs():
    world = world_of(node(0, "replay", replay_delay=3), node(2, "freeze", duty=Duty(start_epoch=4)))
    truth, said = [], []
    for _ in range(8):
        epoch = world.step(world.holding())
        truth.append(epoch.counted.detected)
        said.append(epoch.reports.detected)
    for number in range(3, 8):
        assert said[number][0][..., 0].tolist() == truth[number - 3][..., 0].tolist()
        assert said[number][1][..., 0].tolist() == truth[number][..., 0].tolist()
    for number in range(4, 8):
        assert said[number][1][..., 1].tolist() == truth[3][..., 1].tolist()


def test_a_report_that_is_withheld_is_missing_at_its_end_alone():
    world = world_of(node(1, "withhold-report"))
    assert world.step(world.holding()).reports.present.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("kind", ["withhold-keys", "corrupt-keys"])
def test_a_relay_that_spoils_keys_uses_them_up_and_delivers_nothing(kind):
    world = world_of(node(1, kind), demands=[demand(0, 2), demand(0, 1)])
    served = world.step(world.holding()).served
    assert served.delivered[0] == 0
    assert served.spoilt[0] == served.asked[0] > 0
    assert served.waiting[0] == served.asked[0]
    # the ends of a link need no relay
    assert served.delivered[1] == served.asked[1] > 0
    assert served.used.tolist() == [served.spoilt[0] + served.delivered[1], served.spoilt[0]]


def test_a_spy_reads_what_passes_through_it_alone():
    world = world_of(node(1, "spy"), demands=[demand(0, 2), demand(0, 1)])
    served = world.step(world.holding()).served
    assert served.leaked.tolist() == [served.delivered[0], 0]
    assert served.delivered[0] == served.asked[0] > 0


def test_what_was_spoilt_on_the_way_does_not_leak():
    world = world_of(node(1, "spy", "withhold-keys"), demands=[demand(0, 2)])
    served = world.step(world.holding()).served
    assert served.spoilt[0] > 0
    assert served.leaked.tolist() == [0.0]


def served_on_a_ring(*adversaries, threshold=2):
    """One demand from node 0 to node 2 of four, over node 1 and over node 3."""
    world = NetworkWorld([ring(4, demands=[demand(0, 2)], threshold=threshold, adversaries=adversaries)], [2])
    served = world.step(world.holding()).served
    assert served.asked[0] > 0
    return served


def test_two_spies_read_a_shared_secret_only_together():
    for cast, leaks in (
        ([node(1, "spy")], False),
        ([node(1, "spy"), node(3, "spy")], False),
        ([node(1, "spy", coalition="c"), node(3, "spy", coalition="c")], True),
    ):
        served = served_on_a_ring(*cast)
        assert served.delivered[0] == served.asked[0]
        assert served.leaked[0] == (served.asked[0] if leaks else 0)


def test_a_share_too_many_outlives_a_relay_that_withholds():
    assert served_on_a_ring(node(1, "withhold-keys"), threshold=2).delivered[0] == 0
    enough = served_on_a_ring(node(1, "withhold-keys"), threshold=1)
    assert enough.delivered[0] == enough.asked[0]


def test_one_altered_share_of_two_is_noticed_and_nothing_is_delivered():
    served = served_on_a_ring(node(3, "corrupt-keys"), threshold=1)
    assert served.delivered[0] == 0
    assert served.spoilt[0] == served.asked[0]


def test_wary_adversaries_behave_while_trust_is_low():
    world = world_of(node(1, "spy", duty=Duty(wary_below=0.5)), demands=[demand(0, 2)])
    trusts = [0.9, 0.2, 0.9]
    leaked = [
        bool(world.step(world.holding(), np.array([1.0, trust, 1.0, 1.0])).served.leaked.any()) for trust in trusts
    ]
    assert leaked == [True, False, True]
