"""What the paper claims, and what was measured, as a page."""

from collections.abc import Sequence
from typing import Any, Final

from qkdctl_policies.experiments.markdown import percent, table
from qkdctl_policies.experiments.score import MANY_SEEDS, REDRAWN
from qkdctl_policies.experiments.verdicts import PARTLY

Json = dict[str, Any]

_NAMED: Final = 3
"""So many settings are named in the table of claims; more stand below it."""
MAIN_NETWORKS: Final = ("mesh-10", "mesh-13", "dense-13")
"""Of the suite `paper`."""
_OF_THE_PAPER: Final = (
    ("baseline in the paper", "50 %", "95 %", "-"),
    ("ABFT-DRA in the paper", "95 %", "99.99 %", "-"),
)


def paper_page(document: Json) -> str:
    """The page of a document, see `document_of`."""
    claims, targets = document["claims"], document["targets"]
    return "\n".join(
        [
            "# Claims of the paper",
            "",
            f"Made by `qkdctl experiment report` of {document['rows']} simulated stories; of the load the benchmark of",
            "the agreement speaks, of learning an evaluation of trainings, of all else nothing than these rows. Values",
            f"come with their 95 % interval over seeds (percentile bootstrap of {REDRAWN} seeds or more, jackknife",
            "with Student's t of fewer; exact ones of counts): a claim holds where all of it lies on its side, and is",
            "open where the limit lies inside. All settings: [experiments](experiments.md).",
            "",
            "Any setting can be run again by its name, with what it is held against, from the suite that has its",
            "network; a finding about several loads or networks rests on the settings of them all:",
            "",
            "```",
            'qkdctl experiment run paper --only "mesh-13, load 0.6, 20 % overt" --seeds 3 --into one-setting.jsonl',
            "```",
            "",
            *_suites(document),
            f"The main settings are those of {', '.join(MAIN_NETWORKS[:-1])} and {MAIN_NETWORKS[-1]} (suite `paper`),",
            "chosen before anything was measured; all others show how far results reach. No verdict is corrected for",
            "their number. What attacks and networks are: [guide](../guides/experiments.md).",
            "",
            "![what was measured for each claim and target, and its limit](paper-table.png)",
            *_few([finding for claim in (*claims, *targets) for finding in claim["findings"]]),
            "",
            *_summary("claim", claims),
            *_like_the_paper(document["like_the_paper"]),
            "## What we set ourselves",
            "",
            "Judged by the same rows, keys and trust on networks that stay in one piece without any two nodes.",
            "",
            *_summary("target", targets),
            *(line for claim in (*claims, *targets) if claim["findings"] for line in _details(claim)),
        ]
    )


def _few(findings: Sequence[Json]) -> list[str]:
    few = sum(0 < finding["seeds"] < MANY_SEEDS for finding in findings)
    if not few:
        return []
    return [
        "",
        f"Of the {len(findings)} findings below {few} rest on fewer than {MANY_SEEDS} seeds and are first looks. The",
        "tables say how many seeds each has. Findings are not independent: networks of one graph have the same liars.",
    ]


def _suites(document: Json) -> list[str]:
    cells = (
        (f"`{name}`", ", ".join(f"{network} ({document['seeds'][network]})" for network in networks))
        for name, networks in document["suites"].items()
    )
    return [*table(("suite", "networks (seeds that are told of here)"), cells), ""]


def _summary(kind: str, claims: Sequence[Json]) -> list[str]:
    cells = ((one["claim"], one["definition"], _range(one), _main(one), _verdict(one)) for one in claims)
    return [*table((kind, "measured for it", "values", "main settings", "verdict"), cells), ""]


def _main(claim: Json) -> str:
    own = [one["status"] for one in claim["findings"] if one["where"].partition(",")[0] in MAIN_NETWORKS]
    if not own:
        return "-"
    unknown = f", {own.count('open')} open" if "open" in own else ""
    return f"{own.count('yes')} of {len(own)} hold{unknown}"


def _like_the_paper(cell: Json | None) -> list[str]:
    if cell is None:
        return []
    names = {"rate_kept": "rate kept", "verified_availability": "verified availability",
             "secure_availability": "secure availability"}  # fmt: skip
    cells = [(f"`{one['arm']}`", *(percent(one[name], 2) for name in names)) for one in cell["arms"]]
    return [
        "## The setting most like the paper's",
        "",
        "Where the baseline is nearest to half of the rate and 95 % verified availability, as was found in the end:",
        f"{cell['setting']}.",
        "",
        *table(("arm", *names.values()), [*cells, *_OF_THE_PAPER]),
        "",
    ]


def _details(claim: Json) -> list[str]:
    cells = ((one["where"], _value(one), one["seeds"] or "-", one["status"]) for one in claim["findings"])
    return [
        f"## {claim['claim']}",
        "",
        f"{claim['definition']}.",
        "",
        *table(("where", "value", "seeds", "holds"), cells),
        "",
    ]


def _value(finding: Json) -> str:
    if finding["unit"] == "exponent":
        return f"N^{finding['value']:.2f}"
    if finding["unit"] == "seeds":
        return f"{100 * finding['value']:.2f} %"
    return percent(finding, 2)


def _range(claim: Json) -> str:
    findings = claim["findings"]
    if not findings:
        return str(claim["why"])
    ends = [min(findings, key=lambda one: one["value"]), max(findings, key=lambda one: one["value"])]
    low, high = (_value(one).partition(" %")[0] for one in ends)
    unit = "" if ends[0]["unit"] == "exponent" else " %"
    return f"{low}{unit}" if len(findings) == 1 else f"{low} to {high}{unit} in {len(findings)} settings"


def _verdict(claim: Json) -> str:
    if claim["verdict"] != PARTLY:
        return f"**{claim['verdict']}**"
    good = [finding["where"] for finding in claim["findings"] if finding["holds"]]
    if len(good) <= _NAMED:
        return f"**{PARTLY}**: {'; '.join(good)}"
    return f"**{PARTLY}**: in {len(good)} of {len(claim['findings'])} settings, see below"
