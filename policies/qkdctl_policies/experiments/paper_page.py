"""What the paper claims, and what was measured, as a page."""

from typing import Any

from qkdctl_policies.experiments.markdown import percent, table
from qkdctl_policies.experiments.verdicts import PARTLY

Json = dict[str, Any]


def paper_page(document: Json) -> str:
    """The page of a document, see `document_of`."""
    claims = document["claims"]
    summary = ((one["claim"], one["definition"], _range(one), _verdict(one)) for one in claims)
    return "\n".join(
        [
            "# Claims of the paper",
            "",
            f"Made by `qkdctl experiment report` of {document['rows']} simulated stories with {document['seeds']}",
            "seeds; nothing else than these rows speaks here. Values come with the interval that holds 95 % of the",
            "results of redrawn seeds, and a claim holds where all of it lies on its side. All settings:",
            "[experiments](experiments.md).",
            "",
            *table(("claim", "measured for it", "values", "verdict"), summary),
            "",
            *(line for claim in claims if claim["findings"] for line in _details(claim)),
        ]
    )


def _details(claim: Json) -> list[str]:
    cells = ((one["where"], percent(one, 2), "yes" if one["holds"] else "no") for one in claim["findings"])
    return [
        f"## {claim['claim']}",
        "",
        f"{claim['definition']}.",
        "",
        *table(("where", "value", "holds"), cells),
        "",
    ]


def _range(claim: Json) -> str:
    values = [100 * float(finding["value"]) for finding in claim["findings"]]
    if not values:
        return str(claim["why"])
    low, high = min(values), max(values)
    return f"{low:.2f} %" if len(values) == 1 else f"{low:.2f} to {high:.2f} % in {len(values)} settings"


def _verdict(claim: Json) -> str:
    if claim["verdict"] != PARTLY:
        return f"**{claim['verdict']}**"
    good = [finding["where"] for finding in claim["findings"] if finding["holds"]]
    return f"**{PARTLY}**: {'; '.join(good)}"
