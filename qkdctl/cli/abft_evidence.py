"""The evidence of one epoch for people."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qkdctl.cli.ledger_text import moment
from qkdctl.cli.output import Painter, percent
from qkdctl.cli.tables import Cell, table, wrapped

Json = Mapping[str, Any]
_WIDE = 110
_DIGEST_SHOWN = 12
_PPM = 1e6
_ENDS = ("alice", "bob")


def evidence_text(evidence: Json, paint: Painter) -> str:
    """Reports, links with what either end claims, what is odd, verdicts."""
    blocks = [paint(_title(evidence), "bold"), _reports(evidence, paint)]
    if evidence["links"]:
        blocks.append(_links(evidence["links"], paint))
    findings = [_fitted(line, paint) for line in _findings(evidence)]
    if findings:
        blocks.append("\n".join(findings))
    blocks.append(_verdicts(evidence["verdicts"], paint))
    if not evidence["whole"]:
        text = "Records that an end had reported in the epoch before are not at hand: the daemon has started since."
        blocks.append(_fitted(text, paint))
    return "\n\n".join(blocks)


def _title(evidence: Json) -> str:
    return f"epoch {evidence['epoch']}, decided {moment(evidence['ended_ms'])}"


def _reports(evidence: Json, paint: Painter) -> str:
    rows: list[Sequence[Cell | str]] = [
        (
            report["node"],
            str(report["weight"]),
            report["digest"][:_DIGEST_SHOWN],
            report["policy"][:_DIGEST_SHOWN],
            ", ".join(report["late"]) or "-",
        )
        for report in evidence["reports"]
    ]
    rows += [(node, "-", "-", "-", ("no report counted", "yellow")) for node in evidence["absent"]]
    return table(("REPORT OF", "WEIGHT", "DIGEST", "POLICY", "CALLS LATE"), rows, paint)


def _links(links: Sequence[Json], paint: Painter) -> str:
    narrow = paint.width is not None and paint.width < _WIDE
    rows = [row for link in links for row in _claims(link, narrow=narrow)]
    if narrow:
        return table(("LINK", "WHO", "QBER Z/X", "SIFTED", "KEY", "SAYS"), rows, paint)
    header = ("LINK", "WHO", "MODE", "PROTOCOL", "PHOTONS", "MEASURED", "QBER Z/X", "SIFTED", "KEY", "SAYS")
    return table(header, rows, paint)


def _claims(link: Json, *, narrow: bool) -> Iterator[tuple[Cell | str, ...]]:
    """Both ends, and what was concluded."""
    for end in _ENDS:
        claim = link["claims"][end]
        who = f"{link[end]} ({end})"
        if claim is None:
            yield (link["link"], who, *(["-"] * (3 if narrow else 7)), ("nothing", "yellow"))
            continue
        settings = (claim["mode"], claim["protocol"], *_photons(claim))
        yield (link["link"], who, *(() if narrow else settings), *_measured(claim), _said(link, end, claim))
    row = link["row"]
    if row is None:
        yield (link["link"], "agreed", *(["-"] * (3 if narrow else 7)), (link["doubt"], "yellow"))
        return
    settings = (row["mode"], row["protocol"], *_photons(row))
    used: Cell = ("used", "green") if not link["doubt"] else (f"not used: {link['doubt']}", "yellow")
    yield (link["link"], "agreed", *(() if narrow else settings), *_measured(row), used)


def _photons(claim: Json) -> tuple[str, str]:
    measured = claim["measured_mean_photon_number_e6"]
    return f"{claim['mean_photon_number_e6'] / _PPM:.4g}", f"{measured / _PPM:.4g}" if measured else "-"


def _measured(claim: Json) -> tuple[str, str, str]:
    z = claim["qber_z_ppm"] if claim["sifted_bits"] else None
    x = claim["qber_x_ppm"] if claim["test_bits"] else None
    shown = f"{_rate(z).removesuffix(' %')}/{_rate(x)}"
    return shown, str(claim["sifted_bits"]), str(claim["secret_key_bits"])


def _rate(ppm: int | None) -> str:
    return percent(None if ppm is None else ppm / _PPM)


def _said(link: Json, end: str, claim: Json) -> Cell:
    count = len(claim["sessions"])
    said = [f"{count} record{'' if count == 1 else 's'}"]
    said += [f"{link['waiting'][end]} wait"] if link["waiting"][end] else []
    said += [f"{link['impossible'][end]} impossible"] if link["impossible"][end] else []
    said += [] if claim["trusted"] else ["found fault with it"]
    return ", ".join(said), "red" if link["impossible"][end] else ""


def _findings(evidence: Json) -> Iterator[str]:
    """What is odd, one sentence each."""
    for link in evidence["links"]:
        for difference in link["differences"]:
            yield f"{link['link']}: session {difference['sequence']} differs, Alice's end first: {difference['text']}"
        if link["dispute"] is not None:
            yield f"{link['link']}: {_quarrel(link['dispute'])}"
    yield from (_quarrel(quarrel) for quarrel in evidence["relay_disputes"])
    for late in evidence["late"]:
        verdict = "it is missing, and enough say so" if late["counts"] else "this has no consequence"
        callers = f"{', '.join(late['callers'])} (weight {late['weight']})"
        yield f"{late['node']}: its report of epoch {evidence['epoch'] - 1} came late, say {callers}; {verdict}"
    for charge in evidence["accusations"]:
        about = f" about {charge['subject']}" if charge["subject"] else ""
        verdict = "one of them at least is honest" if charge["counts"] else "too few to count"
        accusers = f"{', '.join(charge['accusers'])} (weight {charge['weight']}): {verdict}"
        yield f"{charge['node']}: accused of {charge['kind']}{about} in epoch {charge['epoch']} by {accusers}"
    for audit in evidence["audits"]:
        yield f"key {audit['key']} over {' - '.join(audit['path'])} failed: {_audit(audit)}"


def _quarrel(quarrel: Json) -> str:
    left = f"until they have agreed for {quarrel['agreed_epochs_left']} epochs more"
    if quarrel["one"] == quarrel["other"]:
        return f"both ends stand at {quarrel['one']} and contradict each other, {left}"
    return f"{quarrel['one']} and {quarrel['other']} contradict each other, {left}"


def _audit(audit: Json) -> str:
    found = [f"{blame['node']} is proven faulty ({blame['reason']})" for blame in audit["blamed"]]
    found += [f"{' and '.join(entry['nodes'])} in dispute ({entry['reason']})" for entry in audit["disputes"]]
    found += [f"nothing from {', '.join(audit['silent'])}"] if audit["silent"] else []
    found += [f"{', '.join(audit['unheard'])} not heard"] if audit["unheard"] else []
    return "; ".join(found) or "nothing is proven"


def _verdicts(verdicts: Sequence[Json], paint: Painter) -> str:
    if not verdicts:
        return "nothing was blamed on anybody"
    return table(("BLAMED", "WHY"), [(verdict["node"], verdict["text"]) for verdict in verdicts], paint)


def _fitted(text: str, paint: Painter) -> str:
    return text if paint.width is None else "\n  ".join(wrapped(text, paint.width - 2))
