"""How score and trust of a node move with what is blamed on it, and what its data weigh."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import isqrt

from qkdctl.abft.blame import conduct_error, trust_error
from qkdctl.abft.medians import data_weights
from qkdctl.abft.quorum import EXCLUDED_BELOW_PPM, FULL_PPM, LEAST_PPM, Electorate
from qkdctl.records.facts import LinkFacts, LinkTable
from qkdctl.records.network import NetworkState
from qkdctl.records.report import LinkReport
from qkdctl.records.standing import NodeStanding, Verdict
from qkdctl.records.telling_bases import telling_bases
from qkdctl.records.trust_rules import TrustRules

_PPM = 1_000_000
_WHOLE = 1000


def moved(ppm: int, quiet: int, error_permille: int, rules: TrustRules) -> tuple[int, int]:
    """Score or trust after one epoch, with the epochs of probation that are left.

    Args:
        ppm: before, 50 000 to 1 000 000.
        quiet: probation left before, 0 when not excluded.
        error_permille: e, 0 to 1000.
        rules: constants.
    """
    if error_permille:
        lower = max(LEAST_PPM, ppm * (_PPM - rules.decay_permille * error_permille) // _PPM)
        return lower, rules.quiet_epochs if lower < EXCLUDED_BELOW_PPM else 0
    higher = min(FULL_PPM, ppm + max(1, (FULL_PPM - ppm) * rules.recovery_permille // 1000))
    left = max(0, quiet - 1)
    return (min(higher, EXCLUDED_BELOW_PPM - 1) if left else higher), left


def beginners(table: LinkTable, electorate: Electorate) -> dict[str, NodeStanding]:
    """Standings at the very start: what the configuration gives members, and full scores for other nodes."""
    scores = {member.node: member.score_ppm for member in electorate.members}
    return {node: _start(node, scores.get(node, FULL_PPM), table.rules) for node in _nodes(table, electorate)}


def standings(
    before: Mapping[str, NodeStanding],
    found: Sequence[Verdict],
    rows: Iterable[LinkReport],
    table: LinkTable,
    electorate: Electorate,
) -> tuple[NodeStanding, ...]:
    """All standings after one epoch, sorted by node; whoever joins starts at the least score, on probation.

    Args:
        before: standings by node.
        found: verdicts of this epoch.
        rows: agreed rows of this epoch.
        table: the agreed static facts.
        electorate: who decides in this epoch.
    """
    fidelities = node_fidelities(rows, table)
    after = []
    for node in _nodes(table, electorate):
        old = before.get(node) or _start(node, LEAST_PPM, table.rules)
        score, score_quiet = moved(old.score_ppm, old.score_quiet, conduct_error(found, node), table.rules)
        trust, trust_quiet = moved(old.trust_ppm, old.trust_quiet, trust_error(found, node), table.rules)
        after.append(
            NodeStanding(
                node=node,
                score_ppm=score,
                trust_ppm=trust,
                score_quiet=score_quiet,
                trust_quiet=trust_quiet,
                fidelity_permille=fidelities.get(node, 0),
                data_weight_e6=trust * fidelities.get(node, 0) // _WHOLE,
            )
        )
    weights = data_weights([standing.data_weight_e6 for standing in after], electorate.faults)
    return tuple(
        standing.model_copy(update={"data_weight_e6": weight}) for standing, weight in zip(after, weights, strict=True)
    )


def is_quarantined(standing: NodeStanding) -> bool:
    """Whether lifting a quarantine would change anything: the node is excluded, distrusted, or on probation."""
    lowest = min(standing.score_ppm, standing.trust_ppm)
    return lowest < EXCLUDED_BELOW_PPM or standing.score_quiet > 0 or standing.trust_quiet > 0


def with_quarantine_lifted(state: NetworkState, nodes: Collection[str]) -> NetworkState:
    """The state in which these nodes are no longer excluded, as operators have decided; the rest they earn."""

    def lifted(old: NodeStanding) -> NodeStanding:
        changes = {
            "score_ppm": max(old.score_ppm, EXCLUDED_BELOW_PPM),
            "trust_ppm": max(old.trust_ppm, EXCLUDED_BELOW_PPM),
            "score_quiet": 0,
            "trust_quiet": 0,
        }
        return old.model_copy(update=changes) if old.node in nodes else old

    if not nodes:
        return state
    return state.model_copy(update={"standings": tuple(lifted(old) for old in state.standings)})


def node_fidelities(rows: Iterable[LinkReport], table: LinkTable) -> dict[str, int]:
    """Lower median of the channel fidelities of each node's links that have sifted bits, in per mille."""
    of_node: dict[str, list[int]] = {}
    for row in rows:
        if row.valid and row.sifted_bits:
            facts = table.of(row.link)
            for node in {facts.alice, facts.bob}:
                of_node.setdefault(node, []).append(channel_fidelity(facts, row, table.rules))
    return {node: sorted(values)[(len(values) - 1) // 2] for node, values in of_node.items()}


def channel_fidelity(facts: LinkFacts, row: LinkReport, rules: TrustRules) -> int:
    """How well a link keeps to its promised error rate: 1000 within k deviations of shot noise, 0 at the limit.

    The worse basis counts, for a pooled error rate hides an attack on one of them; of protocols in which errors belong
    to a basis, the other one.

    Returns:
        Per mille.
    """
    known = facts.protocol(row.protocol)
    if known is None:
        return 0
    expected = max(1, facts.aligned_qber_ppm)
    room = max(1, known.qber_limit_ppm - expected)

    def of(qber_ppm: int, bits: int) -> int:
        if not bits:
            return _WHOLE
        shot = isqrt(expected * max(0, _PPM - expected) // bits)
        return _WHOLE - min(_WHOLE, _WHOLE * max(0, qber_ppm - expected - rules.deviations * shot) // room)

    found = {"z": of(row.qber_z_ppm, row.sifted_bits), "x": of(row.qber_x_ppm, row.test_bits)}
    return min(found[basis] for basis in telling_bases(row.protocol))


def _nodes(table: LinkTable, electorate: Electorate) -> list[str]:
    return sorted({node for facts in table.links for node in facts.nodes}.union(electorate.names))


def _start(node: str, ppm: int, rules: TrustRules) -> NodeStanding:
    quiet = rules.quiet_epochs if ppm < EXCLUDED_BELOW_PPM else 0
    return NodeStanding(
        node=node,
        score_ppm=ppm,
        trust_ppm=ppm,
        score_quiet=quiet,
        trust_quiet=quiet,
        fidelity_permille=0,
        data_weight_e6=0,
    )
