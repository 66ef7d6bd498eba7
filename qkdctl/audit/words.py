"""Findings and acts in words: why a weight moved, what operators want."""

from qkdctl.records.act import Act, ActivatePolicy, AdmitMember, LiftQuarantine, RemoveMember
from qkdctl.records.standing import Verdict


def verdict_text(verdict: Verdict) -> str:
    """One sentence without the name of the node, as in `north: ...`."""
    return f"{_REASONS[verdict.cause](verdict)}; {_effect(verdict)}"


def act_text(act: Act) -> str:
    """What an act does, such as `admit north`."""
    match act:
        case ActivatePolicy():
            return f"activate policy {act.policy}"
        case AdmitMember():
            return f"admit {act.node}"
        case RemoveMember():
            return f"remove {act.node}"
        case LiftQuarantine():
            return f"lift the quarantine of {act.node}"
        case _:
            return f"set f to {act.faults}"


def _effect(verdict: Verdict) -> str:
    share = _SHARES.get(verdict.error_permille, f"{verdict.error_permille / 10:g} % of the penalty")
    return f"{share}, on {'trust alone' if verdict.cause == 'suspicion' else 'score and trust'}"


def _accused(verdict: Verdict) -> str:
    about = f" about {verdict.subject}" if verdict.subject else ""
    return f"nodes with a vote weight of {verdict.number}, more than all liars can have, accuse it of one thing{about}"


def _disputed(verdict: Verdict) -> str:
    return f"it is in dispute with {verdict.number} nodes, which is more than f liars can bring about"


def _impossible(verdict: Verdict) -> str:
    return f"it vouched for {_counted(verdict.number, 'claim')} about {verdict.subject} that cannot be true"


def _late(verdict: Verdict) -> str:
    return f"its report of the epoch before is missing, and a weight of {verdict.number} says that it came late"


def _corrupting(verdict: Verdict) -> str:
    return f"audits prove that it spoilt {_counted(verdict.number, 'key')} that it relayed"


def _strayed(verdict: Verdict) -> str:
    measured = f"{verdict.number / 1e6:.4g} photons per pulse were measured"
    return f"{verdict.subject} does not follow its set-point: {measured}"


def _suspected(verdict: Verdict) -> str:
    return f"{verdict.number} of its counterparts contradict it, and they hold most of the trust of all of them"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


_SHARES = {1000: "the full penalty", 500: "half the penalty", 200: "a fifth of the penalty"}
_REASONS = {
    "accused": _accused,
    "disputed-edges": _disputed,
    "impossible-claim": _impossible,
    "late-report": _late,
    "relay-corruption": _corrupting,
    "set-point": _strayed,
    "suspicion": _suspected,
}
