"""Ledgers of a network of four that decided some epochs, as they are and as forgers would have them."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from qkdctl.abft.messages import digest_of
from qkdctl.abft.value import Entry, Value
from qkdctl.agreement.application import NodeApplication
from qkdctl.agreement.ledger_entries import payload_of, report_texts
from qkdctl.audit.recorded import Recorded
from qkdctl.clock import VirtualClock
from qkdctl.network.description import NetworkDescription
from qkdctl.network.load import parse_description
from qkdctl.policy.baselines import RuleBased
from qkdctl.policy.proposal import Policy
from qkdctl.records.report import EndReport, NodeReport
from qkdctl.records.session import End
from qkdctl.store import chain as entries
from qkdctl.store.decisions import beside_decision
from qkdctl.store.store import open_store
from tests.network.texts import RING_TEXT
from tests.records.samples import end_report, report, session

Json = dict[str, Any]
EPOCHS = 4
LIAR = "west"
SET_POINTS = "set-points of this node's instruments, which stand beside decisions and follow from nothing else"
"""What no audit can check."""


@cache
def description(policy: str = "rule-based") -> NetworkDescription:
    return parse_description(RING_TEXT.replace("epoch_s = 5", f'epoch_s = 5\npolicy = "{policy}"'))


def reports(epoch: int, *, lying: bool, policy: str = "rule-based") -> dict[str, NodeReport]:
    """What the nodes say; a liar reports less key than the other end of each of its links."""
    ends: dict[str, list[EndReport]] = {node: [] for node in description().members}
    both: tuple[End, End] = ("alice", "bob")
    for facts in description().table.links:
        for end in both:
            made = session(epoch, end, facts.link)
            if lying and facts.node(end) == LIAR:
                made = made.model_copy(update={"secret_key_bits": made.secret_key_bits - 1_000})
            ends[facts.node(end)].append(end_report(made, end=end, link=facts.link))
    return {node: report(epoch, *found, node=node, policy=policy) for node, found in ends.items()}


def decisions(epochs: int = EPOCHS, *, lying: bool = False, policy: Policy | None = None) -> list[Entry]:
    """Decisions as nodes make them; in the last epoch the report of east is missing."""
    active = policy or RuleBased()
    described = description(active.identity)
    application = NodeApplication(described.terms, lambda _: active, None)
    chain = described.chain()
    found = []
    for epoch in range(1, epochs + 1):
        said = {
            node: made.canonical().decode()
            for node, made in reports(epoch, lying=lying, policy=active.identity).items()
        }
        if epoch == epochs:
            del said["east"]
        outcome = application.decide(chain, said)
        counted = tuple(sorted((node, digest_of(text)) for node, text in said.items()))
        entry = Entry(chain, Value(epoch, chain.previous, counted, outcome), said)
        application.advance(application.after(entry)[1])
        found.append(entry)
        chain = entry.next_chain
    return found


@cache
def sound() -> tuple[Recorded, ...]:
    """A ledger in which nothing is wrong."""
    return ledger_of(decisions())


def ledger_of(made: Sequence[Entry]) -> tuple[Recorded, ...]:
    """Decisions in a ledger."""
    return chained([(payload_of(entry), report_texts(entry)) for entry in made])


def chained(payloads: Sequence[tuple[Json, Json]]) -> tuple[Recorded, ...]:
    """A ledger with these decisions whose hashes are right, whatever the decisions are."""
    found = [Recorded(entries.Entry.create(0, 0, "genesis", {}, entries.NO_HASH))]
    for number, (payload, texts) in enumerate(payloads, start=1):
        entry = entries.Entry.create(number, 1_000 * number, "decision", payload, found[-1].entry.hash)
        found.append(Recorded(entry, texts))
    return tuple(found)


def forged(epoch: int, change: Callable[[Json], object], ledger: Sequence[Recorded] = ()) -> tuple[Recorded, ...]:
    """A ledger in which the payload of one decision was changed and everything hashed anew."""
    payloads = [(copy.deepcopy(dict(r.entry.payload)), dict(r.reports)) for r in (ledger or sound())[1:]]
    change(payloads[epoch - 1][0])
    return chained(payloads)


def without_reports(ledger: Sequence[Recorded], *epochs: int) -> tuple[Recorded, ...]:
    """The same ledger, of which the reports of some epochs are not kept."""
    return tuple(
        replace(recorded, reports={}) if number in epochs else recorded for number, recorded in enumerate(ledger)
    )


async def store_ledger(directory: Path, *, lying: bool = False, epochs: int = EPOCHS) -> None:
    """A state directory with the ledger of such a network, and an operator's entry between."""
    async with open_store(directory, VirtualClock()) as store:
        for entry in decisions(epochs, lying=lying):
            beside = beside_decision(entry.chain.epoch, report_texts(entry), "agreed", {})
            await store.ledger.append("decision", payload_of(entry), beside=beside)
            if entry.chain.epoch == 2:
                await store.ledger.append("operator", {"who": "uid 0", "order": "hold"})
