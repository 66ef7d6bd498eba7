"""Checks that the books of a result close."""

from typing import Any

Json = dict[str, Any]


def check_books(document: Json) -> None:
    """Every bit is somewhere, and only once."""
    for link in document["links"]:
        check_link(link)
    for demand in document["demands"]:
        gone = demand["delivered_bits"] + demand["given_up_bits"] + demand["waiting_bits"]
        assert demand["asked_bits"] == gone, demand
        assert 0 <= demand["leaked_bits"] <= 1.00001 * (demand["delivered_bits"] + demand["spoilt_bits"]), demand
    network = document["network"]
    for what in ("asked_bits", "delivered_bits", "given_up_bits", "waiting_bits", "spoilt_bits"):
        assert network[what] == sum(demand[what] for demand in document["demands"])
    check_series(document)


def check_link(link: Json) -> None:
    """Sifted bits, key and buffer of one link."""
    sifted, key, buffer = link["sifted"], link["key"], link["buffer"]
    assert sifted["total_bits"] == sifted["analysed_bits"] + sifted["wasted_bits"] + sifted["open_block_bits"], link
    assert key["credited_bits"] == key["lost_bits"] + key["processing_bits"] + key["stored_bits"], link
    spent = buffer["relayed_bits"] + buffer["authentication_bits"] + buffer["discarded_bits"]
    assert buffer["start_bits"] + key["stored_bits"] == buffer["bits"] + spent, link
    # the whole way at once: stored + used + discarded + lost + in processing = credited + start
    held = buffer["bits"] + key["processing_bits"] + key["lost_bits"]
    assert held + spent == key["credited_bits"] + buffer["start_bits"], link
    assert key["credited_bits"] <= sifted["analysed_bits"] + sifted["open_block_bits"], link
    assert 0 <= buffer["bits"] <= buffer["most_bits"], link
    assert link["keying_share"] is None or 0 <= link["keying_share"] <= 1, link


def check_series(document: Json) -> None:
    """Means over rows add up to totals."""
    series, scenario = document["series"], document["scenario"]
    ends = series["end_s"]
    assert ends[-1] == scenario["duration_s"]
    lengths = [end - begin for begin, end in zip([0.0, *ends], ends, strict=False)]
    for rate, total in (("asked_bps", "asked_bits"), ("delivered_bps", "delivered_bits")):
        sum_of_rows = sum(length * value for length, value in zip(lengths, series[rate], strict=True))
        assert abs(sum_of_rows - document["network"][total]) <= 1e-4 * document["network"]["asked_bits"]
