"""What Byzantine nodes do in an experiment: to their reports, and to the keys that they relay."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from hil_sim.adversary.kinds import Kind
from hil_sim.key_relay.conduct import RouterConduct

_ALL: Final = 1_000_000
_HONEST: Final = RouterConduct()


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to misbehave; all Byzantine nodes of a cell do the same, from the end of the warm-up on.

    Whatever they do, they read every key that they relay, which nobody can notice.

    Attributes:
        about: one line for people.
        kinds: how reports are forged, see `hil_sim.adversary.kinds`.
        strength: of each of those kinds.
        router: what becomes of relayed keys.
    """

    about: str
    kinds: tuple[Kind, ...] = ()
    strength: float = 0.9
    router: RouterConduct = _HONEST

    def to_plain(self) -> dict[str, Any]:
        """All that it does, for the configuration hash."""
        return {"kinds": self.kinds, "strength": self.strength, "router": self.router.model_dump(mode="json")}


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
    "slander": Attack("claim errors that others do not see", ("slander",)),
    "silence": Attack("report nothing", ("withhold-report",), strength=1.0),
    "corrupt-all": Attack("spoil all relayed keys", router=RouterConduct(corrupt_ppm=_ALL, audit="false-key")),
    "corrupt-10": Attack("spoil a tenth of them", router=RouterConduct(corrupt_ppm=100_000, audit="false-key")),
    "corrupt-2": Attack("spoil one in fifty", router=RouterConduct(corrupt_ppm=20_000, audit="false-key")),
    "deny": Attack("deny every key that ends at them", router=RouterConduct(deny_ppm=_ALL)),
}
"""Attacks by name."""
