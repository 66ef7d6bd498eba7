"""The shield against states, facts, settings and proposals that nobody thought of."""

from hypothesis import given, settings
from hypothesis import strategies as st

from qkdctl.policy.actions import ACTIONS
from qkdctl.policy.history import LinkHistory, ShieldHistory
from qkdctl.policy.proposal import LinkProposal, Proposal
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkFacts, ProtocolFacts
from qkdctl.records.network import LinkState
from tests.policy.invariants import check_plan
from tests.policy.states import facts, link, qber, state, table_of

NAMES = ("a", "b", "c", "d", "e")
wishes = st.one_of(st.none(), st.sampled_from([action.name for action in ACTIONS]), st.text(max_size=200))
epochs = st.integers(0, 65_535)
ppm = st.integers(0, 1_000_000)
powers = st.integers(0, 10_000_000)
limits = st.builds(
    ShieldSettings,
    max_raise_ppm=st.integers(0, 3_000_000),
    qber_margin_ppm=st.integers(0, 100_000),
    stale_after_ms=st.integers(0, 10_000),
    switches_per_hour=st.integers(0, 3),
    switch_share_ppm=ppm,
    realign_rest_epochs=st.integers(0, 50),
    realigns_per_hour=st.integers(0, 3),
)


@st.composite
def some_facts(draw: st.DrawFn, name: str) -> LinkFacts:
    protocols = draw(st.lists(st.sampled_from(("bb84", "mdi", "tf", "bbm92")), min_size=1, unique=True))
    return facts(
        name,
        protocols=tuple(
            ProtocolFacts(
                protocol=protocol,
                cap_mean_photon_number_e6=draw(st.integers(0, 2_000_000)),
                qber_limit_ppm=draw(st.integers(1, 500_000)),
            )
            for protocol in protocols
        ),
        attenuator_step_mdb=draw(st.integers(0, 5_000)),
        calibration_uncertainty_ppm=draw(ppm),
        can_realign=draw(st.integers(0, 1)),
        dwell_epochs=draw(st.integers(0, 100)),
    )


@st.composite
def some_link(draw: st.DrawFn, name: str) -> LinkState:
    return link(
        name,
        mode=draw(st.sampled_from(("running", "running", "running", "safe", "hold", "fault"))),
        protocol=draw(st.sampled_from(("bb84", "mdi", "tf", "bbm92", "none"))),
        mean_photon_number_e6=draw(powers),
        measured_mean_photon_number_e6=draw(powers),
        qber_z=qber(draw(ppm), average=draw(ppm)),
        qber_x=qber(draw(ppm), average=draw(ppm)),
        age_ms=draw(st.integers(0, 20_000)),
        valid=draw(st.integers(0, 1)),
        epochs_since_realign=draw(epochs),
        epochs_since_protocol_change=draw(epochs),
    )


@st.composite
def some_history(draw: st.DrawFn) -> ShieldHistory:
    past = st.lists(st.integers(0, 99), max_size=4, unique=True).map(lambda found: tuple(sorted(found)))
    return ShieldHistory(
        links=tuple(LinkHistory(link=name, switches=draw(past), realigns=draw(past)) for name in NAMES[:2])
    )


@settings(max_examples=200, deadline=None)
@given(st.data(), limits, some_history())
def test_every_plan_keeps_every_limit(data: st.DataObject, limit: ShieldSettings, history: ShieldHistory) -> None:
    names = NAMES[: data.draw(st.integers(1, len(NAMES)))]
    links = [data.draw(some_link(name)) for name in names]
    static = [data.draw(some_facts(name)) for name in names]
    wanted = {name: data.draw(wishes) for name in names}
    proposal = Proposal("test", tuple(LinkProposal(n, w) for n, w in wanted.items() if w is not None))
    plan = shield(state(*links), proposal, limit, table_of(*static), history)
    for entry, fact, line in zip(links, static, plan.links, strict=True):
        check_plan(entry, fact, wanted[entry.link], line, limit)
        past = history.of(entry.link)
        if line.realign:
            assert entry.epochs_since_realign >= limit.realign_rest_epochs
            assert all(100 - epoch >= limit.realign_rest_epochs for epoch in past.realigns)
            assert len(past.realigns) < limit.realigns_per_hour
        if line.protocol != entry.protocol:
            assert all(100 - epoch >= fact.dwell_epochs for epoch in past.switches)
            assert len(past.switches) < limit.switches_per_hour
    switched = sum(line.protocol != entry.protocol for entry, line in zip(links, plan.links, strict=True))
    assert switched <= max(1, len(links) * limit.switch_share_ppm // 1_000_000)
    assert switched == 0 or limit.switch_share_ppm > 0


@settings(max_examples=100, deadline=None)
@given(st.data(), limits, some_history())
def test_holding_is_always_legal(data: st.DataObject, limit: ShieldSettings, history: ShieldHistory) -> None:
    entry, fact = data.draw(some_link("a")), data.draw(some_facts("a"))
    for proposal in (Proposal("test", ()), Proposal("test", (LinkProposal("a", "hold"),))):
        line = shield(state(entry), proposal, limit, table_of(fact), history).links[0]
        assert (line.action, line.realign, line.protocol) == ("hold", 0, entry.protocol)
        assert {entry.code for entry in line.interventions} <= {"over-cap"}
        assert line.mean_photon_number_e6 <= entry.mean_photon_number_e6


@settings(max_examples=50, deadline=None)
@given(st.data(), limits, some_history())
def test_same_arguments_same_plan(data: st.DataObject, limit: ShieldSettings, history: ShieldHistory) -> None:
    entry, fact, wish = data.draw(some_link("a")), data.draw(some_facts("a")), data.draw(wishes)
    proposal = Proposal("test", (LinkProposal("a", wish),) if wish is not None else ())
    plans = [shield(state(entry), proposal, limit, table_of(fact), history) for _ in range(2)]
    assert plans[0].digest() == plans[1].digest()
