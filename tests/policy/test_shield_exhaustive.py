"""The shield over every combination of the values at which one of its rules turns."""

from itertools import product

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.history import LinkHistory, ShieldHistory
from qkdctl.policy.intensities import MEAN_PHOTON_NUMBERS_E6
from qkdctl.policy.proposal import LinkProposal, Proposal
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import ProtocolFacts
from qkdctl.records.network import LinkState
from tests.policy.invariants import check_plan
from tests.policy.states import facts, link, qber, state, table

SETTINGS = ShieldSettings(realign_rest_epochs=10, switches_per_hour=2, realigns_per_hour=3)
WISHES = (None, "no-such-action", *(action.name for action in ACTIONS))
PROTOCOLS = (
    ProtocolFacts(protocol="bb84", cap_mean_photon_number_e6=600_000, qber_limit_ppm=90_000),
    ProtocolFacts(protocol="tf", cap_mean_photon_number_e6=100_000, qber_limit_ppm=50_000),
)
POWERS = (0, 1, 40_000, 50_000, 93_000, 250_000, *MEAN_PHOTON_NUMBERS_E6[34:38], 600_000, 1_000_000, 2_000_000)


def plan_of(entry: LinkState, wish: str | None, history: ShieldHistory, **fact_changes: object) -> None:
    proposal = Proposal("test", () if wish is None else (LinkProposal(entry.link, wish),))
    static = facts(protocols=PROTOCOLS, **fact_changes)  # type: ignore[arg-type]
    plan = shield(state(entry), proposal, SETTINGS, table(static), history)
    assert (plan.epoch, plan.policy, len(plan.links)) == (100, "test", 1)
    check_plan(entry, static, wish, plan.links[0], SETTINGS)


def test_power_rules() -> None:
    for mode, power, excess, valid, age, z, x, wish in product(
        ("running", "hold"),
        POWERS,
        (0, 1_020_000, 1_030_000, 1_500_000),
        (0, 1),
        (3_000, 3_001),
        (80_000, 80_001),
        (0, 100_000),
        (None, "no-such-action", "up-small", "up-large", "down-small", "down-large"),
    ):
        entry = link(
            mode=mode,
            mean_photon_number_e6=power,
            measured_mean_photon_number_e6=power * excess // 1_000_000,
            valid=valid,
            age_ms=age,
            qber_z=qber(z),
            qber_x=qber(x),
        )
        plan_of(entry, wish, ShieldHistory())


def test_rules_of_switching_and_realigning() -> None:
    histories = (
        ShieldHistory(),
        ShieldHistory(links=(LinkHistory(link="alice-bob", switches=(41,), realigns=(91,)),)),
        ShieldHistory(links=(LinkHistory(link="alice-bob", switches=(40,), realigns=(90,)),)),
        ShieldHistory(links=(LinkHistory(link="alice-bob", switches=(1, 2), realigns=(1, 2, 3)),)),
    )
    for mode, protocol, power, since_realign, since_switch, controller, history, wish in product(
        ("running", "safe", "starting", "hold", "manual-safe", "fault"),
        ("bb84", "tf", "mdi"),
        (0, 93_000, 250_000),
        (9, 10),
        (59, 60),
        (0, 1),
        histories,
        WISHES,
    ):
        entry = link(
            mode=mode,
            protocol=protocol,
            mean_photon_number_e6=power,
            epochs_since_realign=since_realign,
            epochs_since_protocol_change=since_switch,
        )
        plan_of(entry, wish, history, can_realign=controller)
