"""The result of a run as one document: nothing but what follows from the scenario, so the same seed gives the same."""

import hashlib
from importlib.metadata import version
from typing import Any, Final

import numpy as np

from hil_sim.adversary.honest_pairs import honest_demand_served, honest_pair_share, honest_pairs
from hil_sim.network.hardware import PROTOCOLS
from hil_sim.network.key_buffers import BufferState
from hil_sim.network.run.network_run import NetworkRun

Json = dict[str, Any]

SCHEMA_VERSION: Final = 1
"""Rises when a member changes its meaning."""
_DIGITS: Final = 6


def document_of(run: NetworkRun, source: str, text: str, *, planned: int) -> Json:
    """Everything about a run, for machines.

    Args:
        run: it.
        source: what the scenario was called.
        text: of the scenario.
        planned: epochs that were asked for; fewer have passed when it was interrupted.
    """
    built, world = run.built, run.world
    return {
        "schema_version": SCHEMA_VERSION,
        "qkdctl_version": version("qkdctl"),
        "scenario": {
            "source": source,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "seed": built.scenario.seed,
            "epoch_s": world.epoch_s,
            "planned_epochs": planned,
            "epochs": run.epochs,
            "duration_s": run.epochs * world.epoch_s,
            "complete": run.epochs == planned,
        },
        "control": {"name": run.chosen.control.value, "realign_above": run.chosen.realign_above},
        "topology": {
            "name": built.topology.name,
            "title": built.topology.title,
            "nodes": len(built.topology.sites),
            "nodes_with_key": len(built.topology.sites) - len(built.topology.passive_sites()),
        },
        "network": network_figures(run),
        "adversaries": adversary_figures(run),
        "links": link_figures(run),
        "demands": demand_figures(run),
        "series": series(run),
    }


def link_figures(run: NetworkRun) -> list[Json]:
    """One table per link."""
    tally, world, built = run.links, run.world, run.built
    hardware, buffers, queue = world.stack.links, world.buffers, world.blocks.queue
    duration_s = run.epochs * world.epoch_s
    qber, keying, waiting = tally.qber(), tally.keying_share(), queue.key_bits()
    return [
        {
            "name": span.name,
            "a": span.a,
            "b": span.b,
            "relay": span.relay or None,
            "medium": span.medium,
            "length_km": span.length_km,
            "protocol": PROTOCOLS[world.operation.protocol[n]],
            "nominal_loss_db": rounded(hardware.nominal_loss_db[n]),
            "mean_loss_db": rounded(tally.loss_db[n] / run.epochs),
            "qber_z": rounded(qber[0, n]),
            "qber_x": rounded(qber[1, n]),
            "qber_limit": float(hardware.qber_limit_ppm[n] / 1e6),
            "sifted_bps": rounded(tally.sifted_bits[n] / duration_s),
            "secret_key_bps": rounded(tally.stored_bits[n] / duration_s),
            "keying_share": rounded(keying[n]),
            "realignments": int(tally.realigned[n]),
            "dead_s": rounded(duration_s - tally.live_s[n]),
            "attacked": bool(tally.attacked[n]),
            "sifted": {
                "total_bits": int(tally.sifted_bits[n]),
                "analysed_bits": int(tally.analysed_bits[n]),
                "wasted_bits": int(tally.wasted_bits[n]),
                "open_block_bits": int(tally.open_bits[n]),
            },
            "key": {
                "credited_bits": int(tally.credited_bits[n]),
                "lost_bits": int(queue.lost_bits[n]),
                "processing_bits": int(waiting[n]),
                "stored_bits": int(tally.stored_bits[n]),
            },
            "buffer": {
                "state": BufferState(int(buffers.state[n])).name,
                "start_bits": int(buffers.limits.start[n]),
                "bits": int(buffers.bits[n]),
                "most_bits": int(buffers.limits.most[n]),
                "relayed_bits": int(tally.relayed_bits[n]),
                "authentication_bits": int(tally.authentication_bits[n]),
                "discarded_bits": int(buffers.discarded_bits[n]),
                "known_bits": int(buffers.known_bits[n]),
            },
        }
        for n, span in enumerate(built.topology.spans)
    ]


def demand_figures(run: NetworkRun) -> list[Json]:
    """One table per demand."""
    tally, epoch_s = run.demands, run.world.epoch_s
    waits = tally.waits_epochs() * epoch_s
    demands, choices = run.world.stack.demands, run.world.stack.routes.choices()
    byzantine = run.world.misconduct.byzantine
    honest = honest_pairs(byzantine, demands.ends)
    return [
        {
            "source": source,
            "target": target,
            "rate_bps": float(demands.rate_bps[n]),
            "routes": int(choices[n]),
            "honest_ends": bool(honest[n]),
            "asked_bits": int(tally.asked[n]),
            "delivered_bits": int(tally.delivered[n]),
            "given_up_bits": int(tally.given_up[n]),
            "waiting_bits": int(tally.waiting[n]),
            "spoilt_bits": int(tally.spoilt[n]),
            "leaked_bits": rounded(tally.leaked[n]),
            "served_share": share(tally.delivered[n], tally.asked[n]),
            "mean_wait_s": rounded(waits[n]),
            "out_of_service_s": rounded(tally.out[n] * epoch_s),
            "outages": int(tally.outages[n]),
        }
        for n, (source, target) in enumerate(run.built.demand_names)
    ]


def network_figures(run: NetworkRun) -> Json:
    """The whole network, in the parameters of ITU-T Y.3807."""
    tally, epoch_s = run.demands, run.world.epoch_s
    own = run.world.stack.demands_of[0]
    asked, delivered, given_up, spoilt = (
        int(values[own].sum()) for values in (tally.asked, tally.delivered, tally.given_up, tally.spoilt)
    )
    duration_s = run.epochs * epoch_s
    out = int(tally.out[own].sum())
    outages, restored = int(tally.outages[own].sum()), int(tally.restored[own].sum())
    return {
        "asked_bps": rounded(asked / duration_s),
        "throughput_bps": rounded(delivered / duration_s),
        "delivery_loss_ratio": share(given_up, asked),
        "delivery_error_ratio": share(spoilt, spoilt + delivered),
        "response_delay_s": rounded(tally.waiting_sum[own].sum() / asked * epoch_s if asked else np.nan),
        "availability": _complement(share(out, run.epochs * (own.stop - own.start))),
        "outages": outages,
        "outages_not_over": outages - restored,
        "service_restoration_time_s": rounded(
            tally.restored_out[own].sum() / restored * epoch_s if restored else np.nan
        ),
        "longest_outage_s": rounded(tally.longest_out[own].max(initial=0) * epoch_s),
        "asked_bits": asked,
        "delivered_bits": delivered,
        "given_up_bits": given_up,
        "waiting_bits": int(tally.waiting[own].sum()),
        "spoilt_bits": spoilt,
        "leaked_bits": rounded(tally.leaked[own].sum()),
        "secret_key_bps": rounded(run.links.stored_bits[run.world.stack.links_of[0]].sum() / duration_s),
    }


def adversary_figures(run: NetworkRun) -> Json | None:
    """What adversaries cost those who are honest, against the same network without them; None if there is none."""
    stack, tally = run.world.stack, run.demands
    if len(stack.networks) == 1:
        return None
    own, twin = stack.demands_of
    byzantine = run.world.misconduct.byzantine[stack.nodes_of[0]]
    honest = honest_pairs(byzantine, stack.demands.ends[:, own])
    names, passive = run.built.network.node_names, run.built.topology.passive_sites()
    with_key = np.array([name not in passive for name in names])
    try:
        served = honest_demand_served(
            tally.delivered[own].astype(np.float64), tally.delivered[twin].astype(np.float64), honest
        )
    except ValueError:
        served = np.nan
    return {
        "byzantine_nodes": [name for name, bad in zip(names, byzantine, strict=True) if bad],
        "attacked_links": [link["name"] for link in link_figures(run) if link["attacked"]],
        "honest_pair_share": rounded(honest_pair_share(int(with_key.sum()), int((byzantine & with_key).sum()))),
        "honest_demands": int(honest.sum()),
        "honest_delivered_bits": int(tally.delivered[own][honest].sum()),
        "honest_delivered_bits_without_attack": int(tally.delivered[twin][honest].sum()),
        "honest_demand_served": rounded(served),
        "honest_spoilt_bits": int(tally.spoilt[own][honest].sum()),
        "honest_leaked_bits": rounded(tally.leaked[own][honest].sum()),
    }


def series(run: NetworkRun) -> Json:
    """The network over time; every row is a mean over its epochs."""
    traffic, links, epoch_s = run.traffic_history(), run.link_history(), run.world.epoch_s
    return {
        "epochs_per_row": run.traffic_series.epochs_per_row,
        "end_s": run.history_s().tolist(),
        "secret_key_bps": [rounded(rate) for rate in links["key_bits"].sum(axis=1) / epoch_s],
        "asked_bps": [rounded(rate) for rate in traffic["asked_bits"] / epoch_s],
        "delivered_bps": [rounded(rate) for rate in traffic["delivered_bits"] / epoch_s],
        "given_up_bps": [rounded(rate) for rate in traffic["given_up_bits"] / epoch_s],
        "waiting_bits": [rounded(bits) for bits in traffic["waiting_bits"]],
    }


def share(part: float, whole: float) -> float | None:
    """A ratio, None when there is nothing to compare with."""
    return rounded(part / whole) if whole else None


def rounded(value: float) -> float | None:
    """To six significant digits; None for what is no number."""
    return float(f"{value:.{_DIGITS}g}") if np.isfinite(value) else None


def _complement(value: float | None) -> float | None:
    return None if value is None else rounded(1 - value)
