"""The result of a run for people: tables that look the same on a terminal and in a file."""

from collections.abc import Sequence
from typing import Any, Final

from hil_sim.network.run.units import bits, percent, rate, time

Json = dict[str, Any]

MOST_ROWS: Final = 30
"""Longer tables show the rows that fare worst."""


def report(document: Json) -> str:
    """The whole document, as text."""
    parts = [_heading(document), _links(document), _demands(document), _network(document["network"])]
    if document["adversaries"] is not None:
        parts.append(_adversaries(document))
    return "\n\n".join(part for part in parts if part)


def _heading(document: Json) -> str:
    scenario, control = document["scenario"], document["control"]
    settings = "settings held"
    if control["name"] == "field":
        limit = control["realign_above"]
        above = "the limit of its hardware" if limit is None else percent(limit)
        settings = f"a link re-aligned when its QBER exceeds {above}"
    passed = time(scenario["duration_s"])
    lines = [
        document["topology"]["title"],
        f"{scenario['epochs']} epochs of {scenario['epoch_s']:g} s, {passed}; seed {scenario['seed']}; {settings}",
    ]
    if not scenario["complete"]:
        lines.append(
            f"STOPPED EARLY: {scenario['planned_epochs']} epochs were asked for. All figures are of the "
            f"{scenario['epochs']} that passed."
        )
    return "\n".join(lines)


def _links(document: Json) -> str:
    made = ("link", "protocol", "loss", "QBER Z", "QBER X", "sifted", "key")
    header = (*made, "buffer", "state", "keying", "wasted", "lost", "")
    links, caption = _worst(document["links"], "links", key=lambda link: link["secret_key_bps"])
    rows = [
        (
            link["name"],
            link["protocol"],
            f"{link['mean_loss_db']:.1f} dB",
            percent(link["qber_z"]),
            percent(link["qber_x"]),
            rate(link["sifted_bps"]),
            rate(link["secret_key_bps"]),
            bits(link["buffer"]["bits"]),
            link["buffer"]["state"],
            percent(link["keying_share"]),
            bits(link["sifted"]["wasted_bits"]),
            bits(link["key"]["lost_bits"]),
            "attacked" if link["attacked"] else "",
        )
        for link in links
    ]
    return caption + aligned(header, rows, left=(0, 1, 8, 12))


def _demands(document: Json) -> str:
    if not document["demands"]:
        return "nobody asks for key"
    header = ("demand", "asked", "delivered", "given up", "served", "spoilt", "leaked", "wait")
    demands, caption = _worst(document["demands"], "demands", key=lambda demand: demand["served_share"] or 0.0)
    rows = [
        (
            f"{demand['source']} - {demand['target']}",
            bits(demand["asked_bits"]),
            bits(demand["delivered_bits"]),
            bits(demand["given_up_bits"]),
            percent(demand["served_share"]),
            bits(demand["spoilt_bits"]),
            bits(demand["leaked_bits"]),
            time(demand["mean_wait_s"]),
        )
        for demand in demands
    ]
    return caption + aligned(header, rows, left=(0,))


def _network(network: Json) -> str:
    restored = time(network["service_restoration_time_s"])
    outages = f"{network['outages']} outages, {network['outages_not_over']} not over"
    lines = [
        f"secret key            {rate(network['secret_key_bps'])} on all links together",
        f"throughput            {rate(network['throughput_bps'])} of {rate(network['asked_bps'])} asked for",
        f"delivery loss ratio   {percent(network['delivery_loss_ratio'])}",
        f"delivery error ratio  {percent(network['delivery_error_ratio'])}",
        f"response delay        {time(network['response_delay_s'])} on average",
        f"availability          {percent(network['availability'])}; {outages}",
        f"service restoration   {restored} on average, {time(network['longest_outage_s'])} at most",
    ]
    return "\n".join(lines if network["asked_bits"] else lines[:1])


def _adversaries(document: Json) -> str:
    figures = document["adversaries"]
    honest = f"{figures['honest_demands']} of {len(document['demands'])} demands"
    delivered = bits(figures["honest_delivered_bits"])
    unattacked = bits(figures["honest_delivered_bits_without_attack"])
    nodes = figures["byzantine_nodes"]
    shown = f": {', '.join(nodes[:8])}{', ...' if len(nodes) > 8 else ''}" if nodes else ""
    lines = [
        f"Byzantine nodes       {len(nodes)} of {document['topology']['nodes']}{shown}",
        f"attacked links        {len(figures['attacked_links'])} of {len(document['links'])}",
        f"honest pairs          {percent(figures['honest_pair_share'])} of all pairs of nodes with key, {honest}",
        f"honest demand served  {percent(figures['honest_demand_served'])}: {delivered}, {unattacked} without attacks",
        f"spoilt for them       {bits(figures['honest_spoilt_bits'])}",
        f"leaked of theirs      {bits(figures['honest_leaked_bits'])}",
    ]
    return "\n".join(lines)


def _worst(tables: list[Json], what: str, key: Any) -> tuple[list[Json], str]:
    """The tables to show, and what to say above them."""
    if len(tables) <= MOST_ROWS:
        return tables, ""
    caption = f"the {MOST_ROWS} of {len(tables)} {what} that fare worst; --out for all\n"
    return sorted(tables, key=key)[:MOST_ROWS], caption


def aligned(header: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Rows in columns, those of `left` to the left and the others to the right."""
    table = [header, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    lines = (
        "  ".join(
            f"{cell:<{width}}" if column in left else f"{cell:>{width}}"
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )
    return "\n".join(line.rstrip() for line in lines)
