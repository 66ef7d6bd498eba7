"""What the source paper claims, and what stored rows say of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from qkdctl_policies.experiments.arms import BASELINE
from qkdctl_policies.experiments.attacks import ATTACKS, NO_ATTACK
from qkdctl_policies.experiments.cost import linear_load
from qkdctl_policies.experiments.score import MANY_SEEDS, Score, Setting
from qkdctl_policies.experiments.scores import Rows
from qkdctl_policies.experiments.tally import SERVED_SHARE
from qkdctl_policies.experiments.trainings import convergence
from qkdctl_policies.experiments.verdicts import Claim, Finding, at_least, at_most, below, claim_of, judged

OURS: Final = "both"
LEAST_SLOTS: Final = 30_000
"""Without a failure in so many slots, 99.99 % is shown at 95 % confidence: the rule of three of Hanley and
Lippman-Hand, JAMA 249, 1743 (1983)."""
MOST_REFUSED: Final = 0.05
"""Share of the key that may be thrown away where the rest is to have few errors."""
_KEPT: Final = "secure key of honest demands, over what the same demands got in the same seeds without attack"
_SLOTS: Final = f"slots of honest demands in which {100 * SERVED_SHARE:.0f} % or more of the keys came"
_PROTOCOLS: Final = {"bb84": "decoy BB84", "mdi": "MDI-QKD, basis Z"}
_TINY: Final = 1e-9


def paper_claims(
    rows: Rows, cost: Mapping[str, Any] | None = None, trainings: Mapping[str, Any] | None = None
) -> list[Claim]:
    """All claims, judged by these rows, the load by the benchmark of the agreement, learning by its evaluation."""
    settings = rows.settings()
    attacked = [one for one in settings if one.attack != NO_ATTACK and not ATTACKS[one.attack].fibres]
    fifth = [one for one in attacked if abs(one.byzantine - 0.2) < _TINY]
    peaceful = [one for one in settings if one.attack == NO_ATTACK]
    return [
        judged(
            "95 % of the key rate is kept under 20 % Byzantine nodes",
            f"`{OURS}`: {_KEPT}",
            at_least(0.95),
            each_of(fifth, lambda setting: rows.rate_kept(setting, OURS)),
        ),
        judged(
            "95 % of it is kept in seeds in which anybody could carry all",
            f"`{OURS}`: {_KEPT}, feasible seeds",
            at_least(0.95),
            each_of(fifth, lambda setting: rows.rate_kept(setting, OURS, feasible=True)),
        ),
        judged(
            "The baseline keeps 50 % or less",
            f"`{BASELINE}`: {_KEPT}",
            at_most(0.5),
            each_of(fifth, lambda setting: rows.rate_kept(setting, BASELINE)),
        ),
        _many_liars(rows, attacked),
        _errors(rows, "bb84", "zx"),
        _errors(rows, "mdi", "z"),
        _availability(rows, [*peaceful, *fifth], secure=False),
        _availability(rows, [*peaceful, *fifth], secure=True),
        judged(
            "The baseline is available 95 % of the time or less",
            f"`{BASELINE}`: {_SLOTS}, equal at both ends",
            at_most(0.95),
            each_of([*peaceful, *fifth], lambda setting: rows.availability(setting, BASELINE, secure=False)),
        ),
        claim_of(
            "The variance of the QBER falls by 35 %",
            f"variance over time of the true QBER in Z, mean over links: `{OURS}` over `{BASELINE}`, without attack, "
            "geometric mean over seeds; holds at 65 % or less",
            at_most(0.65),
            each_of(peaceful_places(rows), lambda setting: rows.variance_ratio(setting, OURS, BASELINE)),
            _of_ratios,
        ),
        convergence(trainings),
        linear_load(cost),
    ]


def peaceful_places(rows: Rows) -> list[Setting]:
    """Each network once, without attack, at its least load: what links do depends on no load."""
    peaceful = [one for one in rows.settings() if one.attack == NO_ATTACK and not one.byzantine]
    return list({one.network: one for one in sorted(peaceful, reverse=True)}.values())


def setting_name(setting: Setting) -> str:
    """For people."""
    return f"{setting.network}, load {setting.load:g}, {attack_name(setting.attack, setting.byzantine)}"


def attack_name(attack: str, byzantine: float) -> str:
    """For people, with the share of the nodes that take part."""
    return _what(attack) if attack == NO_ATTACK else f"{100 * byzantine:g} % {attack}"


def each_of(
    settings: Iterable[Setting], score: Callable[[Setting], Score | None]
) -> Iterable[tuple[str, Score | None]]:
    """The score of each setting, with its name."""
    return ((setting_name(setting), score(setting)) for setting in settings)


def _of_ratios(where: str, score: Score) -> Finding:
    found = score.geometric()
    holds = at_most(0.65).holds(found.low, found.high)
    return Finding(where, found.mean, found.low, found.high, holds, seeds=score.above.size)


def _many_liars(rows: Rows, attacked: Sequence[Setting]) -> Claim:
    """Only networks with rows from 10 to 30 % say anything of the range."""
    shares: dict[str, set[float]] = {}
    for setting in attacked:
        shares.setdefault(setting.network, set()).add(setting.byzantine)
    whole = {name for name, found in shares.items() if min(found) <= 0.1 + _TINY and max(found) >= 0.3 - _TINY}
    return judged(
        "95 % is kept under 10 to 30 % Byzantine nodes",
        f"`{OURS}`: {_KEPT}, at every share, on networks with rows of 10 and of 30 %",
        at_least(0.95),
        each_of((one for one in attacked if one.network in whole), lambda setting: rows.rate_kept(setting, OURS)),
        "" if whole else "no network has rows of 10 and of 30 %",
    )


def _errors(rows: Rows, protocol: str, bases: str) -> Claim:
    """Who throws enough key away has no errors in the rest, so what is thrown away counts, but for tapped fibres."""
    limit, scores, too_much = below(0.01), [], set()
    for network, attack in rows.places():
        found = rows.accepted_errors(OURS, network, attack)
        thrown = rows.refused(OURS, network, attack)
        share = 0.0 if thrown is None else thrown.interval().mean
        tapped = [one.byzantine for one in rows.settings() if (one.network, one.attack) == (network, attack)]
        allowed = MOST_REFUSED + (max(tapped) if ATTACKS[attack].fibres else 0.0)
        for basis in bases:
            if (protocol, basis) in found:
                where = f"{network}, {_what(attack)}, basis {basis.upper()}, {100 * share:.1f} % thrown away"
                scores.append((where, found[protocol, basis]))
                if share > allowed:
                    too_much.add(where)

    def finding(where: str, score: Score) -> Finding:
        errors = score.interval()
        holds = limit.holds(errors.low, errors.high) and where not in too_much
        return Finding(where, errors.mean, errors.low, errors.high, holds, seeds=score.above.size)

    return claim_of(
        f"The QBER is below 1 % ({_PROTOCOLS[protocol]})",
        f"`{OURS}`: true error rate of clicks from which key was made that the operator's limit let pass; holds below "
        f"1 % where no more than {100 * MOST_REFUSED:.0f} % of the key is thrown away for its errors, besides that of "
        "tapped fibres",
        limit,
        scores,
        finding,
        "" if scores else "no row is of this protocol",
    )


def _what(attack: str) -> str:
    return "no attack" if attack == NO_ATTACK else attack


def _availability(rows: Rows, settings: Sequence[Setting], *, secure: bool) -> Claim:
    """Whatever the rows are, an outage that is too rare for them may be there."""
    limit = at_least(0.9999)

    def finding(where: str, score: Score) -> Finding:
        found, seeds = score.interval(), score.above.size
        # nothing among n trials leaves 3 / n at 95 % confidence; slots of a seed depend on each other, so of few seeds
        # each is one trial
        trials = float(score.below.sum()) if seeds >= MANY_SEEDS else float(seeds)
        low = min(found.low, max(1.0 - 3.0 / trials, 0.0))
        return Finding(where, found.mean, low, found.high, limit.holds(low, found.high), seeds=seeds)

    name, which = ("secure", "and secure") if secure else ("verified", "equal at both ends")
    return claim_of(
        f"Keys are available 99.99 % of the time ({name})",
        f"`{OURS}`: {_SLOTS}, {which}; what never fails is open below {LEAST_SLOTS} slots or {MANY_SEEDS} seeds",
        limit,
        each_of(settings, lambda setting: rows.availability(setting, OURS, secure=secure)),
        finding,
    )
