"""Arrays of links follow the agreed rules to the last integer: state, features, legality and shield."""

from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest
from qkdctl_policies.environment.facts import FactArrays
from qkdctl_policies.environment.link_states import LinkStates, advanced, unseen
from qkdctl_policies.environment.link_views import LinkViews, observe_links
from qkdctl_policies.environment.rules import Events, legal_actions, shield_links

from hil_sim.network.hardware import PROTOCOLS
from qkdctl.policy.actions import ACTIONS, legal
from qkdctl.policy.features import observe
from qkdctl.policy.history import ShieldHistory
from qkdctl.policy.proposal import LinkProposal, Proposal
from qkdctl.policy.shield import shield
from qkdctl.policy.shield_settings import ShieldSettings
from qkdctl.records.facts import LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.saturation import LARGEST
from tests.policies.environment.twins import agreed_rows, random_facts, random_rows
from tests.records.samples import standing, state_after

LINKS, EPOCHS = 9, 40


def values(arrays, link):
    """The fields of one link as plain numbers."""
    return {
        field.name: values(part, link) if is_dataclass(part) else int(part[link])
        for field in fields(arrays)
        if (part := getattr(arrays, field.name)) is not None
    }


def same(states: LinkStates, state: NetworkState) -> None:
    for number, link in enumerate(state.links):
        for name, value in values(states, number).items():
            if name == "running":
                assert value == (link.mode == "running")
            elif name == "protocol_number":
                assert PROTOCOLS[value] == link.protocol
            else:
                expected = getattr(link, name)
                assert value == (expected if isinstance(expected, int) else expected.model_dump()), name


@pytest.mark.parametrize("seed", range(6))
def test_arrays_follow_the_records(seed):
    rng = np.random.default_rng(seed)
    entries = random_facts(rng, LINKS)
    table = LinkTable(epoch_ms=1_000, links=tuple(entries))
    arrays = FactArrays.of(entries)
    first = np.array([PROTOCOLS.index(entry.protocols[0].protocol) for entry in entries], dtype=np.int8)
    states, state, rows = unseen(arrays, first), None, None
    settings = ShieldSettings(
        realign_rest_epochs=int(rng.integers(0, 4)),
        realigns_per_hour=int(rng.integers(0, 5)),
        switches_per_hour=int(rng.integers(0, 4)),
        switch_share_ppm=int(rng.choice([0, 250_000, 1_000_000])),
        stale_after_ms=500,
    )
    events, history = Events(LINKS, settings), ShieldHistory()
    intervened = moved = 0
    for epoch in range(1, EPOCHS + 1):
        rows = random_rows(rng, entries, rows)
        present = rng.random(LINKS) < 0.9
        state = state_after(state, epoch, *agreed_rows(rows, entries, present), facts_of=table).model_copy(
            update={"standings": (standing("alice", trust_ppm=700_000), standing("bob", trust_ppm=300_001))}
        )
        states = advanced(states, rows, present, arrays, 1_000)
        same(states, state)

        views = LinkViews(states, arrays, np.full(LINKS, 300_001), np.full(LINKS, 500_000), 1_000)
        assert observe_links(views).tolist() == [list(row) for row in observe(state, table)]
        mask = legal_actions(views)
        assert mask.tolist() == [list(legal(link, table.of(link.link))) for link in state.links]

        actions = rng.integers(len(ACTIONS), size=LINKS)
        proposal = Proposal(
            "random", tuple(LinkProposal(e.link, ACTIONS[a].name) for e, a in zip(entries, actions, strict=True))
        )
        plan = shield(state, proposal, settings, table, history)
        decided = shield_links(views, actions, settings, events, epoch, np.zeros(LINKS, dtype=np.int64))
        assert decided.mean_photon_number_e6.tolist() == [link.mean_photon_number_e6 for link in plan.links]
        assert [PROTOCOLS[p] for p in decided.protocol_number] == [link.protocol for link in plan.links]
        assert decided.realign.tolist() == [bool(link.realign) for link in plan.links]
        assert decided.intervened.tolist() == [bool(link.interventions) for link in plan.links]
        intervened += int(decided.intervened.sum())
        moved += int((decided.mean_photon_number_e6 != states.mean_photon_number_e6).sum())
        events.note(epoch, decided.protocol_number != states.protocol_number, decided.realign)
        history = history.after(plan, settings.window_epochs(1_000))
    assert intervened > 10
    assert moved > 3


def test_arrays_stop_where_the_records_stop():
    entries = random_facts(np.random.default_rng(1), LINKS)
    table = LinkTable(epoch_ms=1_000, links=tuple(entries))
    arrays = FactArrays.of(entries)
    first = np.array([PROTOCOLS.index(entry.protocols[0].protocol) for entry in entries], dtype=np.int8)
    extreme = {"age_ms": LARGEST - 1, "dead_run_ms": LARGEST - 1, "realign_dead_ms": LARGEST}
    state = state_after(None, 1, facts_of=table)
    state = state.model_copy(
        update={
            "links": tuple(
                link.model_copy(update=extreme | {"qber_z": link.qber_z.model_copy(update={"excess_sum": LARGEST - 1})})
                for link in state.links
            )
        }
    )
    states = unseen(arrays, first)
    full = {name: np.full(LINKS, value) for name, value in extreme.items()}
    states = replace(states, **full, qber_z=replace(states.qber_z, excess_sum=np.full(LINKS, LARGEST - 1)))
    rng = np.random.default_rng(2)
    rows = None
    for epoch in range(2, 8):
        rows = random_rows(rng, entries, rows)
        present = rng.random(LINKS) < 0.5
        state = state_after(state, epoch, *agreed_rows(rows, entries, present), facts_of=table)
        states = advanced(states, rows, present, arrays, table.epoch_ms)
        assert NetworkState.from_json(state.canonical()) == state
        same(states, state)
