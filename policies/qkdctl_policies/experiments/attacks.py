"""What adversaries do in an experiment: nodes to their reports and to the keys that they relay, others to fibres."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hil_sim.adversary.kinds import Kind
from hil_sim.adversary.section import DutySection
from hil_sim.key_relay.conduct import RouterConduct

_ALL: Final = 1_000_000
_HONEST: Final = RouterConduct()
_ALWAYS: Final = DutySection()
_TENTH: Final = DutySection(period=10)
_WARY: Final = DutySection(wary_below=0.7)


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to misbehave; all Byzantine nodes of a cell do the same, from the end of the warm-up on.

    Whatever they do, they read every key that they relay, which nobody can notice.

    Attributes:
        about: one line for people.
        kinds: how reports are forged, see `hil_sim.adversary.kinds`.
        strength: of each of those kinds.
        key_permille: key that they say their links made, of what these did make.
        accuses: whether each of them accuses all others of what nobody could have seen, in every epoch.
        router: what becomes of relayed keys.
        duty: epochs in which reports are forged, see `hil_sim.adversary.section.DutySection`; all by default.
        coalition: whether all Byzantine nodes say the same of links between them, and nothing ill of each other.
        fibres: nobody is Byzantine; somebody on the share of the fibres replaces states that pass, and `strength` is
            the share of the pulses.
    """

    about: str
    kinds: tuple[Kind, ...] = ()
    strength: float = 0.9
    key_permille: int = 1000
    accuses: bool = False
    router: RouterConduct = _HONEST
    duty: DutySection = _ALWAYS
    coalition: bool = False
    fibres: bool = False

    def to_plain(self) -> dict[str, Any]:
        """All that it does, for the configuration hash."""
        return {
            "kinds": self.kinds,
            "strength": self.strength,
            "key_permille": self.key_permille,
            "accuses": self.accuses,
            "router": self.router.model_dump(mode="json"),
            "duty": self.duty.model_dump(mode="json"),
            "coalition": self.coalition,
            "fibres": self.fibres,
        }

    def section(self, *, byzantine: Sequence[str], tapped: Sequence[str], start_epoch: int) -> dict[str, Any]:
        """What it does to reports or to fibres, as a table of `[[adversaries]]` in a scenario.

        Args:
            byzantine: nodes.
            tapped: fibres.
            start_epoch: the first epoch in which somebody misbehaves.
        """
        who = {"links": tapped} if self.fibres else {"nodes": byzantine}
        together = {"coalition": "all"} if self.coalition else {}
        duty = self.duty.model_dump(mode="json")
        return (
            who | together | {"kinds": self.kinds, "strength": self.strength, "duty": duty, "start_epoch": start_epoch}
        )


def _tampering(percent: float) -> Attack:
    about = f"on their share of the fibres, {percent:g} % of the pulses are replaced by random ones"
    return Attack(about, ("random-states",), strength=percent / 100, fibres=True)


NO_ATTACK: Final = "none"
ATTACKS: Final[Mapping[str, Attack]] = {
    NO_ATTACK: Attack("everybody is honest"),
    "spy": Attack("read relayed keys, and do nothing that anybody could see"),
    "overt": Attack(
        "claim to have no errors, and announce nothing for relayed keys",
        ("understate-errors",),
        router=RouterConduct(drop_ppm=_ALL),
    ),
    "lure": Attack(
        "claim nearly twice the clicks, and spoil all relayed keys",
        ("overstate-detected",),
        router=RouterConduct(corrupt_ppm=_ALL, audit="false-key"),
    ),
    "boast": Attack(
        "claim ten times the key that their links make, and announce nothing for relayed keys",
        key_permille=10_000,
        router=RouterConduct(drop_ppm=_ALL),
    ),
    "hoard": Attack("claim a tenth of the key that their links make", key_permille=100),
    "frame": Attack("accuse everybody else of two reports in one epoch", accuses=True),
    "slander": Attack("claim errors that others do not see", ("slander",)),
    "collude": Attack("the same, but all of one mind, with an alibi for each other", ("slander",), coalition=True),
    "slow": Attack("claim to have no errors in one epoch of ten", ("understate-errors",), duty=_TENTH),
    "wary": Attack("claim to have no errors while they are trusted", ("understate-errors",), duty=_WARY),
    "silence": Attack("report nothing", ("withhold-report",), strength=1.0),
    "corrupt-all": Attack("spoil all relayed keys", router=RouterConduct(corrupt_ppm=_ALL, audit="false-key")),
    "corrupt-10": Attack("spoil a tenth of them", router=RouterConduct(corrupt_ppm=100_000, audit="false-key")),
    "corrupt-2": Attack("spoil one in fifty", router=RouterConduct(corrupt_ppm=20_000, audit="false-key")),
    "deny": Attack("deny every key that ends at them", router=RouterConduct(deny_ppm=_ALL)),
    "tamper-0.2": _tampering(0.2),
    "tamper-2": _tampering(2),
    "tamper-20": _tampering(20),
}
"""Attacks by name."""
