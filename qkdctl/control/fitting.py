"""Reports that fit into one message: after an outage there may be more session records than that."""

import json

from qkdctl.abft.packet import MOST_BYTES
from qkdctl.records.report import EndReport, NodeReport

_FRAME_BYTES = 1024
MOST_TEXT_BYTES = MOST_BYTES - _FRAME_BYTES
"""Of the text of a report, escaped as it is in a message."""


def fitting(report: NodeReport) -> tuple[NodeReport, int]:
    """A report without its oldest session records, as many as are too many, and how many those are.

    Records that are left out were never reported by this end, so they are dropped at the other end without dispute.
    """
    left_out = 0
    while _length(report) > MOST_TEXT_BYTES and any(end.sessions for end in report.ends):
        longest = max(report.ends, key=lambda end: len(end.sessions))
        count = -(-len(longest.sessions) // 2)
        left_out += count
        report = report.model_copy(
            update={"ends": tuple(_without(end, count) if end is longest else end for end in report.ends)}
        )
    return report, left_out


def _without(end: EndReport, count: int) -> EndReport:
    return end.model_copy(update={"sessions": end.sessions[count:]})


def _length(report: NodeReport) -> int:
    return len(json.dumps(report.canonical().decode("ascii")))
