"""Acts as a document for the API."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qkdctl.abft.act_book import closes_at, threshold_of
from qkdctl.api.errors import ConflictError, FacadeError, UnknownNameError
from qkdctl.audit.words import act_text
from qkdctl.records.act import Act, ActivatePolicy, ActState, ClosedAct, Outcome

if TYPE_CHECKING:
    from qkdctl.node.node import Node

Json = dict[str, Any]
ABSENT_POLICY = "; this node has not got the policy, so stage it before the act takes effect: qkdctl policy stage FILE"
_ENDINGS: Mapping[Outcome, str] = {
    "effective": "it took effect",
    "void": "it is void, since members or f changed before it was accepted",
    "lapsed": "it lapsed, since too few approved it in time",
    "withdrawn": "it was withdrawn by the node that filed it",
}


def acts_view(node: "Node") -> Json:
    """Open acts, what this node wants, and what was closed lately (`agreement_models.Acts`)."""
    book, desk = node.application.book, node.agreeing.desk
    replica = node.agreeing.replica
    electorate = (node.side.chain if replica is None else replica.chain).electorate
    threshold = threshold_of(book)
    approved: frozenset[int] = frozenset() if desk is None else desk.approved()
    withdrawn: frozenset[int] = frozenset() if desk is None else desk.withdrawn()
    closed = [state for outcome in node.epochs.outcomes for state in outcome.agreed.book.closed]
    return {
        "epoch": node.epochs.epoch,
        "needed": threshold.k,
        "members": list(book.members),
        "faults": book.faults,
        "policy": book.policy,
        "strong_from": electorate.strong_from,
        "filed_here": [act.to_plain() for act in (() if desk is None else desk.filed())],
        "open": [
            {
                **_act(state),
                "lapses_after": closes_at(state, book),
                "approved_here": state.number in approved,
                "withdrawn": bool(state.withdrawn),
                "withdrawn_here": state.number in withdrawn and state.filer == node.config.node.name,
                "at_hand": is_at_hand(node, state.act),
                "accepted_weight": electorate.weight(state.accepted),
            }
            for state in book.open
        ],
        "closed": [{**_act(state), "outcome": state.outcome} for state in closed],
    }


def is_at_hand(node: "Node", act: Act) -> bool:
    """Whether this node could follow an act: it has the policy, where the act is about one."""
    return not isinstance(act, ActivatePolicy) or act.policy in node.policies


def not_open(node: "Node", number: int) -> FacadeError:
    """Why nobody can approve an act: it is closed, as far as this process remembers, or there is none."""
    for outcome in node.epochs.outcomes:
        for state in outcome.agreed.book.closed:
            if state.number == number:
                ended = f"act {number}, {act_text(state.act)}, is closed: {_ENDINGS[state.outcome]}"
                return ConflictError(ended, hint="'qkdctl acts list' shows which are open")
    numbers = [str(open_number) for open_number in node.application.book.by_number]
    return UnknownNameError(
        "open act", str(number), numbers, expected="" if numbers else "no act is open", hint="see 'qkdctl acts list'"
    )


def _act(state: ActState | ClosedAct) -> Json:
    return {
        "number": state.number,
        "act": state.act.to_plain(),
        "filer": state.filer,
        "epoch": state.epoch,
        "accepted": list(state.accepted),
        "disputes": [entry.to_plain() for entry in state.disputes],
    }
