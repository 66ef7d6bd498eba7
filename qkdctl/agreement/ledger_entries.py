"""Decisions as entries of a node's ledger, and back."""

import json
from collections.abc import Mapping
from typing import Any, cast

from qkdctl.abft.chain import Chain
from qkdctl.abft.messages import digest_of
from qkdctl.abft.value import Entry, Value
from qkdctl.records.encoding import Canonical, canonical_bytes


class NotADecisionError(Exception):
    """A ledger entry that does not hold a decision of the network as it should."""


def payload_of(entry: Entry) -> dict[str, Canonical]:
    """The agreed part of a ledger entry; equal at every node. Reports stand beside it, by digest."""
    return {"chain": entry.chain.to_plain(), "value": json.loads(entry.value.text)}


def place_of(payload: Mapping[str, Any]) -> tuple[Chain, Value]:
    """Chain and value of a ledger entry.

    Raises:
        NotADecisionError: it holds none.
    """
    try:
        chain = Chain.from_plain(payload["chain"])
        value = Value.parse(canonical_bytes(payload["value"]).decode("ascii"))
    except (KeyError, TypeError, ValueError) as error:
        raise NotADecisionError(str(error) or repr(error)) from error
    if (value.epoch, value.previous) != (chain.epoch, chain.previous):
        raise NotADecisionError(f"value of epoch {value.epoch} stands at epoch {chain.epoch}")
    if not isinstance(value.outcome.payload, Mapping):
        raise NotADecisionError("its outcome is no object")
    return chain, value


def entry_of(payload: Mapping[str, Any], texts: Mapping[str, str]) -> Entry:
    """A decision with its reports.

    Args:
        payload: of the ledger entry.
        texts: digest -> text of reports.

    Raises:
        NotADecisionError: it holds none, or a report is missing or not what it was.
    """
    chain, value = place_of(payload)
    missing = [author for author, digest in value.reports if digest not in texts]
    if missing:
        raise NotADecisionError(f"epoch {chain.epoch}: reports of {', '.join(missing)} are not kept any more")
    wrong = [author for author, digest in value.reports if digest_of(texts[digest]) != digest]
    if wrong:
        raise NotADecisionError(f"epoch {chain.epoch}: reports of {', '.join(wrong)} have been changed")
    return Entry(chain, value, {author: texts[digest] for author, digest in value.reports})


def report_texts(entry: Entry) -> dict[str, str]:
    """Digest -> text of the reports of a decision."""
    return {digest: entry.reports[author] for author, digest in entry.value.reports}


def value_text(payload: Mapping[str, Any]) -> str:
    """Canonical text of the value in a ledger entry."""
    return canonical_bytes(cast("Canonical", payload["value"])).decode("ascii")
