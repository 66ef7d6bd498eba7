"""Networks that fit in the head, and cells of a second."""

from dataclasses import replace
from itertools import pairwise

from qkdctl_policies.experiments.cell import Cell
from qkdctl_policies.experiments.stage import Stage

from qkdctl.records.route import RouteDemand, RoutePath, RoutePlan

DIAMOND = """
title = "a diamond with a tail"
sources = ["made up"]
"""
HOPS = ("a-b", "b-d", "a-c", "c-d", "d-e")


def cell(**changes) -> Cell:
    """Vienna's six nodes for a dozen epochs."""
    whole = Cell(
        network="vienna",
        table={"topology": "secoqc-vienna"},
        hardware={},
        epoch_s=10.0,
        warm_up_epochs=3,
        epochs=10,
        demands=4,
        load=0.3,
        byzantine=0.0,
        attack="none",
        arm="baseline",
        policy="links",
        seed=1,
    )
    return replace(whole, **changes)


def diamond(folder, *, byzantine=(), demands=(("a", "d"),), bits=2560, **changes) -> Stage:
    """Two ways from a to d, over b and over c; e hangs on d."""
    file = folder / "diamond.toml"
    sites = "".join(f"[sites.{name}]\nlatitude_deg = 0.0{n}\nlongitude_deg = 0\n" for n, name in enumerate("abcde"))
    spans = "".join(f'[spans.{hop}]\na = "{hop[0]}"\nb = "{hop[2]}"\nlength_km = 10.0\n' for hop in HOPS)
    file.write_text(DIAMOND + sites + spans)
    stage = Stage.of(cell(table={"topology": str(file)}, **changes))
    wanted = tuple(
        RouteDemand(demand=f"d{number}", source=source, target=target, bits=bits)
        for number, (source, target) in enumerate(demands)
    )
    return replace(stage, byzantine=tuple(byzantine), demands=wanted)


def plan(*paths: str, demand="d0", threshold=1, since=1, bits=2560) -> RoutePlan:
    """A route over nodes of one letter each."""
    names = {frozenset(name.split("-")): name for name in HOPS}
    return RoutePlan(
        demand=demand,
        since=since,
        challenged=0,
        distrusted=(),
        bits=bits,
        threshold=threshold,
        paths=tuple(
            RoutePath(nodes=tuple(path), links=tuple(names[frozenset(hop)] for hop in pairwise(path))) for path in paths
        ),
    )
