"""qkdctl routes."""

from collections.abc import Iterator, Mapping
from typing import Any

from qkdctl.cli.options import JsonOption, SocketOption
from qkdctl.cli.output import Painter, print_json, say
from qkdctl.cli.tables import Cell, table
from qkdctl.client import Client

Json = Mapping[str, Any]
_APPLIED: Mapping[bool | None, Cell] = {True: ("yes", "green"), False: ("no", "red"), None: ("elsewhere", "dim")}


def routes(socket: SocketOption = None, as_json: JsonOption = False) -> None:
    """Show over which nodes keys travel for each demand, and whether this node's router serves them.

    Remarks name relays that could not be avoided although they should be, and relays that the demand goes out of the
    way of because keys were lost on their path.

    For example:

      qkdctl routes

      qkdctl routes --json | jq '.demands[] | select(.paths == []) | .demand'
    """
    document = Client(socket).routes()
    if as_json:
        print_json(document)
    else:
        say(routes_text(document, Painter.for_stdout()))


def routes_text(document: Json, paint: Painter) -> str:
    """One line for each path, then what is wrong, then keys that are being opened."""
    if not document["demands"]:
        return "no demands for relayed keys"
    header = ("DEMAND", "SHARE", "SINCE", "HERE", "PATH", "REMARKS")
    rows = [row for demand in document["demands"] for row in _rows(demand)]
    blocks = [table(header, rows, paint)]
    if document["router"] is None:
        blocks.append("this node has no key router")
    elif document["trouble"]:
        blocks.append(paint(f"{document['router']} does not serve its routes: {document['trouble']}", "red"))
    blocks += [
        f"opening {case['key']} at {', '.join(case['path'])}: it failed (asked {case['asked']} times)"
        if case["asked"] > 1
        else f"opening {case['key']} at {', '.join(case['path'])}: it failed"
        for case in document["opened"]
    ]
    return "\n\n".join(blocks)


def _rows(demand: Json) -> Iterator[tuple[Cell | str, ...]]:
    remarks = "; ".join(_remarks(demand))
    if not demand["paths"]:
        nodes = f"no way from {demand['source']} to {demand['target']}"
        yield demand["demand"], "-", str(demand["since"]), "-", (nodes, "red"), remarks
    for path in demand["paths"]:
        share = f"{path['share']}" if demand["threshold"] == 1 else f"{path['share']} (any {demand['threshold']})"
        way = " - ".join(path["nodes"])
        yield demand["demand"], share, str(demand["since"]), _APPLIED[path["applied"]], way, (remarks, "yellow")
        remarks = ""


def _remarks(demand: Json) -> Iterator[str]:
    if demand["distrusted"]:
        yield f"distrusted: {', '.join(demand['distrusted'])}"
    if demand["suspects"]:
        yield "lost keys: " + ", ".join(
            f"{entry['node']} ({entry['epochs_left']} epochs)" for entry in demand["suspects"]
        )
    if demand["challenged"]:
        yield f"another route has been better for {demand['challenged']} epochs"
    if demand["crowding"]:
        yield f"could have made room for others for {demand['crowding']} epochs"
