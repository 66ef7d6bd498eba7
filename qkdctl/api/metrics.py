"""The node's status as Prometheus metrics, under the names that docs/guides/api.md lists."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from qkdctl.api.agreement_metrics import agreement_metrics
from qkdctl.api.facade import Json, NodeFacade
from qkdctl.api.hub import EventHub
from qkdctl.records.report import DeviceState, LinkMode

_NODE_STATES = ("starting", "running", "observe-only", "stopping")
_DEVICE_STATES = get_args(DeviceState)
_LINK_MODES = get_args(LinkMode)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_SEVERITIES = ("warning", "critical")
_LINK_GAUGES = (
    ("mean_photon_number", "mean_photon_number", "Mean photon number that is commanded."),
    ("mean_photon_number_measured", "measured_mean_photon_number", "Mean photon number from the power meter."),
    ("mean_photon_number_cap", "cap", "Largest mean photon number allowed."),
    ("secret_key_rate_bits_per_second", "secret_key_rate_bps", "Secret key rate of the last epoch."),
    ("sifted_rate_bits_per_second", "sifted_rate_bps", "Sifted key rate of the last epoch."),
    ("loss_db", "loss_db", "Loss of the link."),
    ("age_seconds", "age_s", "Age of the last valid measurement."),
)


class Metrics:
    """A registry of its own: nothing that another library counts shows up here."""

    def __init__(self, facade: NodeFacade, hub: EventHub) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._requests: Counter[tuple[str, str, str]] = Counter()
        self._registry.register(_NodeCollector(facade, hub, self._requests))
        ProcessCollector(registry=self._registry)

    def count_request(self, method: str, route: str, status: int) -> None:
        """Count an answer; `route` is the template, so that no name a caller makes up becomes a label."""
        self._requests[method if method in _METHODS else "other", route, str(status)] += 1

    def text(self) -> bytes:
        """The exposition in text format 0.0.4."""
        return generate_latest(self._registry)


class _NodeCollector(Collector):
    def __init__(self, facade: NodeFacade, hub: EventHub, requests: Mapping[tuple[str, str, str], int]) -> None:
        self._facade = facade
        self._hub = hub
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        status = self._facade.status()
        yield from _node(status, ready=self._facade.ready())
        yield from _policy(status["policy"])
        yield from agreement_metrics(self._facade)
        yield from _devices(status["devices"])
        yield from _links(status["links"])
        yield from _alarms(status["alarms"])
        yield from _streams(self._hub)
        yield from _requests(self._requests)


def _node(status: Json, *, ready: bool) -> Iterator[Metric]:
    info = InfoMetricFamily("qkdctl_build", "Version of the daemon and name of the node.")
    info.add_metric((), {"version": status["version"], "node": status["node"]})
    yield info
    state = GaugeMetricFamily("qkdctl_state", "1 for the state the daemon is in.", labels=("state",))
    for name in _NODE_STATES:
        state.add_metric((name,), float(name == status["state"]))
    yield state
    yield GaugeMetricFamily("qkdctl_ready", "1 once the daemon has started all it needs.", value=float(ready))
    yield GaugeMetricFamily(
        "qkdctl_complaints", "What keeps the daemon from being healthy.", value=len(status["complaints"])
    )
    yield GaugeMetricFamily("qkdctl_uptime_seconds", "Time since the start.", value=status["uptime_s"])
    yield GaugeMetricFamily("qkdctl_epoch", "Number of the last epoch.", value=status["epoch"])
    yield GaugeMetricFamily(
        "qkdctl_ledger_sequence", "Number of the last ledger entry.", value=status["ledger"]["sequence"]
    )


def _policy(policy: Json) -> Iterator[Metric]:
    info = InfoMetricFamily("qkdctl_policy", "What decides.")
    info.add_metric((), {"kind": policy["kind"], "name": policy["name"], "digest": policy["digest"]})
    yield info
    yield GaugeMetricFamily(
        "qkdctl_policy_ejected", "1 when the policy was replaced by the baseline.", value=float(policy["ejected"])
    )
    yield CounterMetricFamily(
        "qkdctl_policy_fallbacks", "Epochs in which the baseline stepped in.", value=policy["fallbacks"]
    )


def _devices(devices: Iterable[Json]) -> Iterator[Metric]:
    info = InfoMetricFamily("qkdctl_device", "Driver and kind.", labels=("device",))
    state = GaugeMetricFamily("qkdctl_device_state", "1 for the state of the session.", labels=("device", "state"))
    failures = CounterMetricFamily("qkdctl_device_failures", "Failures of the session.", labels=("device",))
    values = GaugeMetricFamily(
        "qkdctl_device_value",
        "Last value, absent when stale; the attribute's name ends in its unit, booleans are 0 and 1.",
        labels=("device", "attribute"),
    )
    stale = GaugeMetricFamily("qkdctl_device_stale_values", "Attributes without a current value.", labels=("device",))
    for device in devices:
        name = device["name"]
        info.add_metric((name,), {"driver": device["driver"], "kind": device["kind"]})
        for known in _DEVICE_STATES:
            state.add_metric((name, known), float(known == device["state"]))
        failures.add_metric((name,), device["failures"])
        stale.add_metric((name,), sum(1 for value in device["values"].values() if value["stale"]))
        for attribute, value in device["values"].items():
            number = value["value"]
            if not value["stale"] and isinstance(number, bool | int | float) and math.isfinite(number):
                values.add_metric((name, attribute), float(number))
    yield from (info, state, failures, values, stale)


def _links(links: list[Json]) -> Iterator[Metric]:
    mode = GaugeMetricFamily("qkdctl_link_mode", "1 for the mode the link is in.", labels=("link", "mode"))
    ratio = GaugeMetricFamily("qkdctl_link_qber_ratio", "QBER of the last epoch, 0 to 1.", labels=("link", "basis"))
    shielded = GaugeMetricFamily(
        "qkdctl_link_interventions", "Changes that the shield made to the last proposal.", labels=("link",)
    )
    for link in links:
        for known in _LINK_MODES:
            mode.add_metric((link["name"], known), float(known == link["mode"]))
        shielded.add_metric((link["name"],), len(link["interventions"]))
        for basis in ("z", "x"):
            if (qber := link[f"qber_{basis}"]) is not None:
                ratio.add_metric((link["name"], basis), qber)
    yield from (mode, ratio, shielded)
    for suffix, member, text in _LINK_GAUGES:
        gauge = GaugeMetricFamily(f"qkdctl_link_{suffix}", text, labels=("link",))
        for link in links:
            if link[member] is not None:
                gauge.add_metric((link["name"],), link[member])
        yield gauge


def _alarms(alarms: Iterable[Json]) -> Iterator[Metric]:
    counts = dict.fromkeys(_SEVERITIES, 0)
    for alarm in alarms:
        if alarm.get("cleared_ms") is None:
            counts[alarm["severity"]] += 1
    gauge = GaugeMetricFamily("qkdctl_alarms", "Alarms that are raised.", labels=("severity",))
    for severity, count in counts.items():
        gauge.add_metric((severity,), count)
    yield gauge


def _streams(hub: EventHub) -> Iterator[Metric]:
    counts = hub.counts
    yield GaugeMetricFamily("qkdctl_api_event_streams", "Event streams that are open.", value=counts.streams)
    yield CounterMetricFamily("qkdctl_api_event_updates", "Updates sent on event streams.", value=counts.updates)
    yield CounterMetricFamily(
        "qkdctl_api_events_coalesced",
        "Events replaced by later ones before a stream sent them.",
        value=counts.coalesced,
    )
    yield CounterMetricFamily(
        "qkdctl_api_event_streams_stalled", "Streams dropped because the reader took nothing.", value=counts.stalled
    )


def _requests(counts: Mapping[tuple[str, str, str], int]) -> Iterator[Metric]:
    requests = CounterMetricFamily(
        "qkdctl_api_requests", "Requests answered, by route template.", labels=("method", "route", "status")
    )
    for labels, count in sorted(counts.items()):
        requests.add_metric(labels, count)
    yield requests
