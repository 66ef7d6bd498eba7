"""What becomes of acts in one decision: a pure function of the book before and of the decided reports.

An act passes through two decisions at least. The first gives it a number; then signers tag it and verifiers check. The
second is the one by which verifiers with the weight of a strong quorum have said, in reports that were echoed and
decided like all others, that k signers stand by it. So it takes effect everywhere at once or nowhere, although faulty
signers may satisfy some verifiers only.
"""

from collections.abc import Mapping, Sequence

from qkdctl.abft.quorum import LEAST_PPM, Electorate, Member
from qkdctl.records.act import (
    Act,
    ActBook,
    ActivatePolicy,
    ActReport,
    ActState,
    AdmitMember,
    ClosedAct,
    LiftQuarantine,
    Outcome,
    RemoveMember,
    SetFaults,
    TagDispute,
    WithdrawAct,
)
from qkdctl.secretsharing.shares import MOST_SHARES
from qkdctl.secretsharing.threshold import Threshold

_WITHDRAWALS_PER_LIFETIME = 10


def next_book(book: ActBook, epoch: int, reports: Mapping[str, ActReport], electorate: Electorate) -> ActBook:
    """The book after a decision.

    Args:
        book: after the decision before.
        epoch: that was decided.
        reports: author -> what the decided reports say of acts.
        electorate: who decided in this epoch.

    Returns:
        The book, in which `closed` has the acts that were closed now. Members and f that differ from those before are
        for the epoch after the next, as everything that a decision says of its electorate.
    """
    heard = [_withdrawn(_with_findings(state, reports, book.members), reports) for state in book.open]
    after = book.model_copy(update={"open": (), "closed": ()})
    for state in heard:
        after = _settle(after, state, epoch, electorate, moved=after.committee != book.committee)
    return _with_filings(after, epoch, reports)


def threshold_of(book: ActBook) -> Threshold:
    """n, k and f of the present members: k as wished, moved into f + 1 to n - 2f."""
    n, f = len(book.members), book.faults
    return Threshold(n=n, k=min(max(book.threshold_wish, f + 1), n - 2 * f), f=f)


def electorate_of(book: ActBook, scores_ppm: Mapping[str, int]) -> Electorate:
    """The members of the book with their scores; whoever has none yet begins at the bottom."""
    return Electorate(tuple(Member(node, scores_ppm.get(node, LEAST_PPM)) for node in book.members), book.faults)


def fits(act: Act, book: ActBook) -> bool:
    """Whether an act would change anything, and to something that can be."""
    return not misfit(act, book)


def misfit(act: Act, book: ActBook) -> str:
    """Why an act would change nothing, or to something that cannot be; "" when it fits."""
    match act:
        case ActivatePolicy():
            return f"policy {act.policy} is in force already" if act.policy == book.policy else ""
        case AdmitMember():
            return _misfit_of_guest(act.node, book)
        case RemoveMember():
            return _misfit_of_member(act.node, book) or _misfit_of_size(len(book.members) - 1, book.faults)
        case SetFaults():
            same = f"f is {act.faults} already" if act.faults == book.faults else ""
            return same or _misfit_of_size(len(book.members), act.faults)
        case LiftQuarantine():
            return _misfit_of_member(act.node, book)


def _misfit_of_guest(node: str, book: ActBook) -> str:
    if node in book.members:
        return f"{node} is a member already"
    return "" if len(book.members) < MOST_SHARES else f"there are {MOST_SHARES} members, and there cannot be more"


def _misfit_of_member(node: str, book: ActBook) -> str:
    return "" if node in book.members else f"there is no member {node}"


def _misfit_of_size(members: int, faults: int) -> str:
    least = 3 * faults + 1
    return "" if members >= least else f"{members} members are fewer than 3f + 1 = {least} with f = {faults}"


def closes_at(state: ActState, book: ActBook) -> int:
    """Epoch of the decision that closes an open act if nothing else does.

    A node has one act at a time, and a withdrawn one takes that place for a tenth of a lifetime: otherwise a liar who
    files and withdraws without end would use up a key of every verifier with every other decision.
    """
    lifetime = book.lifetime_epochs
    return state.epoch + (max(1, lifetime // _WITHDRAWALS_PER_LIFETIME) if state.withdrawn else lifetime)


def lifted(book: ActBook) -> tuple[str, ...]:
    """Nodes whose quarantine this decision lifts, sorted."""
    effective = [state.act for state in book.closed if state.outcome == "effective"]
    return tuple(sorted(act.node for act in effective if isinstance(act, LiftQuarantine)))


def _with_findings(state: ActState, reports: Mapping[str, ActReport], members: Sequence[str]) -> ActState:
    accepted, disputes = set(state.accepted), {(entry.verifier, entry.signer) for entry in state.disputes}
    for verifier, report in reports.items():
        for finding in report.findings:
            if finding.number == state.number and verifier in members:
                accepted |= {verifier} if finding.accepted else set()
                disputes |= {(verifier, signer) for signer in finding.wrong if signer in members and signer != verifier}
    return state.model_copy(
        update={
            "accepted": tuple(sorted(accepted)),
            "disputes": tuple(TagDispute(verifier=v, signer=s) for v, s in sorted(disputes)),
        }
    )


def _withdrawn(state: ActState, reports: Mapping[str, ActReport]) -> ActState:
    """An act that its filer wants no longer, whoever has accepted it; that stays so whatever reports say later."""
    said = reports[state.filer].filed if state.filer in reports else ()
    return state.model_copy(update={"withdrawn": 1}) if WithdrawAct(number=state.number) in said else state


def _settle(book: ActBook, state: ActState, epoch: int, electorate: Electorate, *, moved: bool) -> ActBook:
    """The book with an open act kept or closed; once the members have changed in this decision, the others are void."""
    if moved:
        return _closed(book, state, _ended(state, "void"))
    if electorate.is_strong(state.accepted) and not state.withdrawn:
        return _in_effect(_closed(book, state, "effective"), state.act)
    if epoch >= closes_at(state, book):
        return _closed(book, state, _ended(state, "lapsed"))
    return book.model_copy(update={"open": (*book.open, state)})


def _closed(book: ActBook, state: ActState, outcome: Outcome) -> ActBook:
    closed = ClosedAct(**dict(state), outcome=outcome)
    return book.model_copy(update={"closed": (*book.closed, closed)})


def _ended(state: ActState, outcome: Outcome) -> Outcome:
    """How an act without effect has ended."""
    return "withdrawn" if state.withdrawn else outcome


def _in_effect(book: ActBook, act: Act) -> ActBook:
    match act:
        case ActivatePolicy():
            return book.model_copy(update={"policy": act.policy})
        case AdmitMember():
            return _moved(book, tuple(sorted((*book.members, act.node))), book.faults)
        case RemoveMember():
            return _moved(book, tuple(node for node in book.members if node != act.node), book.faults)
        case SetFaults():
            return _moved(book, book.members, act.faults)
        case LiftQuarantine():
            return book


def _moved(book: ActBook, members: tuple[str, ...], faults: int) -> ActBook:
    """Another committee, which signs acts from the next number on; open ones were for the one before."""
    void = tuple(ClosedAct(**dict(state), outcome=_ended(state, "void")) for state in book.open)
    closed = tuple(sorted((*book.closed, *void), key=lambda state: state.number))
    return book.model_copy(
        update={"members": members, "faults": faults, "committee": book.next_number, "open": (), "closed": closed}
    )


def _with_filings(book: ActBook, epoch: int, reports: Mapping[str, ActReport]) -> ActBook:
    """The book with what was filed now: one open act for each filer, none twice, none that does not fit."""
    for filer in sorted(reports):
        for act in reports[filer].filed:
            if isinstance(act, WithdrawAct) or filer not in book.members or book.of_filer(filer):
                continue
            known = any(state.act == act and not state.withdrawn for state in (*book.open, *book.closed))
            if not known and fits(act, book):
                state = ActState(number=book.next_number, act=act, filer=filer, epoch=epoch)
                book = book.model_copy(update={"open": (*book.open, state), "next_number": book.next_number + 1})
    return book
