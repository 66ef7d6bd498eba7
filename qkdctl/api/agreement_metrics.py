"""The agreement between nodes as Prometheus metrics; labels are members, peers and words of fixed lists."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from qkdctl.api.facade import Json, NodeFacade
from qkdctl.auth.levels import Kind

_NODE_GAUGES = (
    ("vote_weight", "vote_weight", "Weight of the node's vote in the epoch that is decided now."),
    ("score_ppm", "score_ppm", "What the node has earned by its conduct."),
    ("trust_ppm", "trust_ppm", "The same, lowered by suspicion too."),
    ("data_weight_ppm", "data_weight_e6", "What the node's data weigh in medians."),
)


def agreement_metrics(facade: NodeFacade) -> Iterator[Metric]:
    """All of them, under the names that docs/guides/api.md lists."""
    agreement = facade.agreement()
    yield from _progress(agreement)
    yield from _nodes(facade.weights(0)["nodes"], facade.agreement_counts())
    yield from _peers(agreement["peers"])


def _progress(agreement: Json) -> Iterator[Metric]:
    prefix = "qkdctl_agreement"
    yield GaugeMetricFamily(f"{prefix}_epoch", "Epoch that is decided now, or next.", value=agreement["epoch"])
    yield GaugeMetricFamily(
        f"{prefix}_round", "Round of that epoch; above 0 a leader has failed.", value=agreement["round"]
    )
    yield GaugeMetricFamily(f"{prefix}_members", "Nodes that decide.", value=len(agreement["members"]))
    yield GaugeMetricFamily(f"{prefix}_faults", "Members that may lie.", value=agreement["faults"])
    yield GaugeMetricFamily(
        f"{prefix}_conditions", "What somebody should know of the agreement.", value=len(agreement["conditions"])
    )
    yield CounterMetricFamily(f"{prefix}_decisions", "Epochs decided since the start.", value=agreement["decisions"])
    age = GaugeMetricFamily(
        f"{prefix}_last_decision_age_seconds", "Time since the last decision; absent before the first."
    )
    if agreement["last"] is not None:
        age.add_metric((), agreement["last"]["age_s"])
    yield age


def _nodes(nodes: Iterable[Json], counts: Json) -> Iterator[Metric]:
    nodes = list(nodes)
    for suffix, member, text in _NODE_GAUGES:
        gauge = GaugeMetricFamily(f"qkdctl_agreement_{suffix}", text, labels=("node",))
        for node in nodes:
            if node[member] is not None:
                gauge.add_metric((node["node"],), node[member])
        yield gauge
    late = CounterMetricFamily(
        "qkdctl_agreement_late_reports", "Decisions in which the report of a member did not count.", labels=("node",)
    )
    for node in nodes:
        if node["member"]:
            late.add_metric((node["node"],), counts["late"].get(node["node"], 0))
    verdicts = CounterMetricFamily(
        "qkdctl_agreement_verdicts", "Reasons for which a node lost score or trust.", labels=("node", "cause")
    )
    for name, cause, count in counts["verdicts"]:
        verdicts.add_metric((name, cause), count)
    yield from (late, verdicts)


def _peers(peers: Iterable[Json]) -> Iterator[Metric]:
    prefix = "qkdctl_agreement_peer"
    level = GaugeMetricFamily(f"{prefix}_level", "1 for the level of the channel.", labels=("peer", "level"))
    pads = GaugeMetricFamily(f"{prefix}_pads", "One-time pads that are ready.", labels=("peer",))
    silent = GaugeMetricFamily(f"{prefix}_silent_seconds", "Time since the peer was heard.", labels=("peer",))
    bits = CounterMetricFamily(f"{prefix}_key_bits", "Key used, in bits.", labels=("peer", "direction"))
    sent = CounterMetricFamily(f"{prefix}_packets_sent", "Packets to the peer, by tag.", labels=("peer", "tag"))
    refused = CounterMetricFamily(f"{prefix}_packets_refused", "Packets refused, by cause.", labels=("peer", "cause"))
    for peer in peers:
        name = peer["peer"]
        for kind in Kind:
            level.add_metric((name, kind.value), float(peer["level"].partition("(")[0] == kind.value))
        pads.add_metric((name,), peer["pads"])
        if peer["silent_s"] is not None:
            silent.add_metric((name,), peer["silent_s"])
        for family, counts in ((bits, "key_bits"), (sent, "sent"), (refused, "refused")):
            for label, count in peer[counts].items():
                family.add_metric((name, label.replace("_", "-")), count)
    yield from (level, pads, silent, bits, sent, refused)
