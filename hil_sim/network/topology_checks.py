"""What only shows in a whole topology: names that nobody has, islands, lengths and losses that cannot be."""

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Final

from hil_sim.network.geography import great_circle_km
from hil_sim.network.plant import Site, Span
from hil_sim.scenario_problems import Place, Problem, did_you_mean

LEAST_ATTENUATION_DB_PER_KM: Final = 0.14
"""Below the clearest fibre ever drawn, 0.142 dB/km (Tamura et al., J. Lightwave Technol. 36, 44 (2018))."""
MOST_ATTENUATION_DB_PER_KM: Final = 0.5
"""The installed fibre of the Tokyo QKD network was as bad as this (Sasaki et al., Opt. Express 19, 10387 (2011))."""
ENDS_LOSS_DB: Final = 2.0
"""What patch panels and multiplexers at the ends may take besides."""
PLACE_TOLERANCE_KM: Final = 0.2
"""How far a site may be from where its rounded coordinates put it."""
_LENGTH_TOLERANCE: Final = 0.02
_LOSS_TOLERANCE_DB: Final = 0.01


def problems_of(sites: Sequence[Site], spans: Sequence[Span]) -> list[Problem]:
    """Every mistake in how sites and spans fit together; places are `("sites" | "spans", name, key)`."""
    by_name = {site.name: site for site in sites}
    problems = [problem for span in spans for problem in _names(span, by_name)]
    if problems:
        return problems
    for span in spans:
        problems += [*_length(span, by_name), *_loss(span)]
    return [*problems, *_pairs(spans), *_islands(list(by_name), spans)]


def _names(span: Span, sites: Collection[str]) -> list[Problem]:
    place: Place = ("spans", span.name)
    ends = {"a": span.a, "b": span.b, "relay": span.relay, "switch": span.switch}
    problems = [
        Problem((*place, key), f"no site '{site}'", did_you_mean(site, sites))
        for key, site in ends.items()
        if site and site not in sites
    ]
    if span.a == span.b:
        problems.append(Problem((*place, "b"), f"both ends are '{span.a}'", "a span joins two sites"))
    elif len(set(span.path)) < len(span.path):
        key = "relay" if span.relay in {span.a, span.b} else "switch"
        problems.append(Problem((*place, key), "the site in the middle is on the path twice", "name a third site"))
    return problems


def _length(span: Span, sites: dict[str, Site]) -> list[Problem]:
    """Fibre is never shorter than the way over the earth between the sites that it passes."""
    stops = [sites[name] for name in span.path]
    direct = sum(
        float(great_circle_km(a.latitude_deg, a.longitude_deg, b.latitude_deg, b.longitude_deg))
        for a, b in pairwise(stops)
    )
    if span.length_km >= direct * (1 - _LENGTH_TOLERANCE) - PLACE_TOLERANCE_KM:
        return []
    text = f"{span.length_km:g} km are too short: '{span.a}' and '{span.b}' are {direct:.1f} km apart"
    return [Problem(("spans", span.name, "length_km"), text, "correct the length or the places of the sites")]


def _loss(span: Span) -> list[Problem]:
    if span.medium == "free-space":
        return []
    least = LEAST_ATTENUATION_DB_PER_KM * span.length_km
    most = MOST_ATTENUATION_DB_PER_KM * span.length_km + ENDS_LOSS_DB
    place: Place = ("spans", span.name, "loss_db")
    text = f"{span.loss_db:g} dB over {span.length_km:g} km"
    if span.loss_db < least - _LOSS_TOLERANCE_DB:
        return [Problem(place, f"{text}: no fibre is that clear", f"at least {least:.1f} dB are expected")]
    if span.loss_db > most + _LOSS_TOLERANCE_DB and not span.remark:
        return [Problem(place, f"{text}: at most {most:.1f} dB are expected", "say in `remark` what loses the rest")]
    return []


def _pairs(spans: Sequence[Span]) -> list[Problem]:
    first: dict[frozenset[str], str] = {}
    problems = []
    for span in spans:
        other = first.setdefault(frozenset((span.a, span.b)), span.name)
        if other != span.name:
            text = f"'{other}' joins '{span.a}' and '{span.b}' already"
            problems.append(Problem(("spans", span.name), text, "parallel fibres between two sites are one span"))
    return problems


def _islands(sites: Sequence[str], spans: Sequence[Span]) -> list[Problem]:
    """Whether every site is reached from the first one."""
    if len(sites) < 2:
        return [Problem(("sites",), f"{len(sites) or 'no'} site{'s' * (not sites)}", "a network has at least two")]
    neighbours: dict[str, set[str]] = {site: set() for site in sites}
    for span in spans:
        for site in span.path:
            neighbours[site].update(span.path)
    reached, border = {sites[0]}, {sites[0]}
    while border:
        border = {near for site in border for near in neighbours[site]} - reached
        reached |= border
    apart = [site for site in sites if site not in reached]
    if not apart:
        return []
    shown = ", ".join(apart[:5]) + (f" and {len(apart) - 5} more" if len(apart) > 5 else "")
    return [Problem(("sites", apart[0]), f"not connected to '{sites[0]}': {shown}", "add a span that joins them")]
