"""Policies for people."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from qkdctl.cli.output import Painter, percent
from qkdctl.cli.tables import Cell, table

Json = Mapping[str, Any]
_SHOWN = 12
_STYLES = {"active": "green", "shadow": "cyan", "canary": "cyan", "rejected": "red", "rolled-back": "yellow"}


def policies_text(document: Json, paint: Painter) -> str:
    """What is in force, then the files."""
    names = {file["sha256"]: f"{file['name']} {file['version']}" for file in document["files"]}
    blocks = [_in_force(document, names)]
    rows = [
        (
            file["name"],
            str(file["version"]),
            _stage(file),
            file["sha256"][:_SHOWN],
            _signer(file, document["trusted_signers"]),
            _when(file["events"][-1]["wall_ms"]),
            file["events"][-1]["why"] or "-",
        )
        for file in document["files"]
    ]
    head = ("POLICY", "VERSION", "STAGE", "SHA-256", "SIGNER", "SINCE", "WHY")
    blocks += [_shadow(file) for file in document["files"] if file["shadow"] and file["shadow"]["epochs"]]
    blocks.insert(1, table(head, rows, paint) if rows else "no policy files; 'qkdctl policy stage FILE' takes one in")
    return "\n\n".join(blocks)


def verdict_text(found: Json, paint: Painter) -> str:
    """One line for whether it is a policy, then what it claims."""
    if found["code"]:
        return f"{paint('rejected', 'red')}  {found['file']}: {found['code']}: {found['text']}"
    lines = [f"{paint('good', 'green')}  {found['file']}, SHA-256 {found['sha256']}, {found['size']} bytes"]
    lines.append(f"layers {' - '.join(map(str, found['widths']))}")
    if found["signer"]:
        lines.append(f"version {found['version']}, signed by {found['signer']}")
    lines += [f"{key}: {value}" for key, value in sorted(found["claims"].items())]
    return "\n".join(lines)


def difference_text(found: Json, paint: Painter) -> str:
    """What differs, one line each."""
    if found["a"] == found["b"]:
        return f"the same file, {found['a']}"
    lines = [f"{key}: {before or '-'} -> {after or '-'}" for key, (before, after) in found["claims"].items()]
    shapes = [" - ".join(map(str, widths)) for widths in found["widths"]]
    lines.append(
        f"layers {shapes[0]} -> {shapes[1]}" if found["weights"] is None else f"{found['weights']} weights differ"
    )
    changed = sum(found["choices"].values())
    lines.append(paint(f"other choice on {changed} of {found['observations']} observations", "bold"))
    lines += [f"  {count} x {name}" for name, count in sorted(found["choices"].items(), key=lambda item: -item[1])]
    return "\n".join(lines)


def history_text(events: Sequence[Json], paint: Painter) -> str:
    """One line per event."""
    rows = [
        (
            _when(event["wall_ms"]),
            str(event["epoch"]),
            f"{event['name']} {event['version']}",
            (event["stage"], _STYLES.get(event["stage"], "")),
            event["why"] or "-",
        )
        for event in events
    ]
    return table(("WHEN", "EPOCH", "POLICY", "STAGE", "WHY"), rows, paint) if rows else "nothing has happened yet"


def _in_force(document: Json, names: Mapping[str, str]) -> str:
    policy = document["policy"]
    text = f"in force: {names.get(policy, policy[:_SHOWN])}"
    if document["ejected"]:
        text += ", but it failed too often: the rule-based baseline decides"
    elif not document["at_hand"]:
        text += ", which this node has not got: stage it"
    if document["previous"]:
        text += f"; before: {names.get(document['previous'], document['previous'][:_SHOWN])}"
    return text


def _shadow(file: Json) -> str:
    seen = file["shadow"]
    same, touched = (seen[key] / seen["links"] if seen["links"] else None for key in ("same", "touched"))
    return (
        f"{file['name']} {file['version']} in shadow for {seen['epochs']} epochs: "
        f"as decided {percent(same)}, changed by the shield {percent(touched)}, "
        f"{seen['failures']} failures, {1e6 * seen['latency_s'] / seen['epochs']:.0f} us each, "
        f"{1e6 * seen['slowest_s']:.0f} us at most"
    )


def _stage(file: Json) -> Cell:
    code = f" ({file['code']})" if file["code"] else ""
    return f"{file['stage']}{code}", _STYLES.get(file["stage"], "")


def _signer(file: Json, trusted: Sequence[str]) -> str:
    """Who is said to have signed; nobody has checked that without a trusted key."""
    if not file["signer"]:
        return "-"
    return file["signer"] if file["signer"] in trusted else f"{file['signer']} (unchecked)"


def _when(wall_ms: int) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
