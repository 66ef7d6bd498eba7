"""The files of a result: the document, tables for spreadsheets, a map and a plot over time."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hil_sim.network.map_plot import LinkState, NodeState, draw_map
from hil_sim.network.run.document import rounded
from hil_sim.network.run.figures import error_rate
from hil_sim.network.run.network_run import NetworkRun

Json = dict[str, Any]


def write_files(directory: Path, run: NetworkRun, document: Json) -> None:
    """Write everything into an existing directory, over what a run before has left there.

    Raises:
        OSError: when a file cannot be written.
        ModuleNotFoundError: without matplotlib; the files that need none are there then.
    """
    (directory / "result.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    _write_table(directory / "links.csv", document["links"])
    _write_table(directory / "demands.csv", document["demands"])
    _write_rows(directory / "timeseries.csv", TIMESERIES_HEADER, _timeseries(run))
    columns = {name: values for name, values in document["series"].items() if name != "epochs_per_row"}
    _write_rows(directory / "traffic.csv", tuple(columns), zip(*columns.values(), strict=True))
    write_map(directory / "map.png", run, document)
    from hil_sim.network.run.timeseries_plot import draw_timeseries  # noqa: PLC0415 - needs matplotlib

    draw_timeseries(run).savefig(directory / "timeseries.png")


def write_map(path: Path, run: NetworkRun, document: Json) -> None:
    """Links in the colour of their secret key rate, attacked ones and Byzantine nodes marked."""
    adversaries = document["adversaries"] or {"byzantine_nodes": [], "attacked_links": []}
    # what is drawn in the style of attacked links has no share in the scale of colours
    rates = np.array([np.nan if link["attacked"] else link["secret_key_bps"] for link in document["links"]])
    attacked: dict[str, LinkState] = dict.fromkeys(adversaries["attacked_links"], "attacked")
    byzantine: dict[str, NodeState] = dict.fromkeys(adversaries["byzantine_nodes"], "byzantine")
    draw_map(
        run.built.topology,
        path,
        link_values=rates,
        link_label="secret key rate (bit/s)",
        log_scale=True,
        link_states=attacked,
        node_states=byzantine,
    )


TIMESERIES_HEADER = ("end_s", "link", "sifted_bps", "secret_key_bps", "qber_z", "qber_x", "buffer_bits")


def _timeseries(run: NetworkRun) -> Iterable[Sequence[Any]]:
    """One row per link and time."""
    history, epoch_s = run.link_history(), run.world.epoch_s
    qber_z = error_rate(history["wrong_z"], history["clicks_z"])
    qber_x = error_rate(history["wrong_x"], history["clicks_x"])
    for row, end_s in enumerate(run.history_s().tolist()):
        for n, name in enumerate(run.built.network.link_names):
            rates = history["clicks_z"][row, n] / epoch_s, history["key_bits"][row, n] / epoch_s
            numbers = (*rates, qber_z[row, n], qber_x[row, n], history["buffer_bits"][row, n])
            yield end_s, name, *(rounded(number) for number in numbers)


def _write_table(path: Path, tables: Sequence[Json]) -> None:
    """Tables of one shape as rows; a table within a table gives columns such as `buffer_state`."""
    rows = [_flat(table) for table in tables]
    _write_rows(path, tuple(rows[0]) if rows else (), (row.values() for row in rows))


def _flat(table: Json) -> Json:
    flat: Json = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}_{inner}": number for inner, number in value.items()}
        else:
            flat[key] = value
    return flat


def _write_rows(path: Path, header: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
