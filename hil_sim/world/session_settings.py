"""What the two ends of a key session are told, and what the pair does then."""

from dataclasses import dataclass, replace
from typing import Literal

from hil_sim.world.session_state import Mode, SessionParameters, SessionRefusedError


@dataclass(frozen=True, slots=True)
class EndSettings:
    """What one end is told; see SessionState."""

    mode: Mode
    protocol: str
    mean_photon_number_e6: int

    def changed(
        self,
        parameters: SessionParameters,
        *,
        running: bool | None,
        mode: Mode | None,
        protocol: str | None,
        mean_photon_number_e6: int | None,
    ) -> "EndSettings":
        """These settings with those that are given in their place.

        Raises:
            SessionRefusedError: for settings that contradict each other or do not exist.
        """
        wanted = replace(self, mode=self._wanted_mode(running, mode))
        if protocol is not None:
            wanted = replace(wanted, protocol=_known_protocol(protocol, parameters))
        if mean_photon_number_e6 is not None:
            wanted = replace(wanted, mean_photon_number_e6=_in_range(mean_photon_number_e6))
        return wanted

    def _wanted_mode(self, running: bool | None, mode: Mode | None) -> Mode:
        if running is not None and mode is not None and running != (mode != "idle"):
            raise SessionRefusedError(
                f"running {str(running).lower()} contradicts mode {mode}",
                expected="mode idle when not running, key or alignment when running",
                hint="give one of the two",
            )
        if mode is not None:
            return mode
        if running is None or running == (self.mode != "idle"):
            return self.mode
        return "key" if running else "idle"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the pair does.

    Attributes:
        doing: `key` while both ends make key by equal settings; `idle` while either is idle; `dead` in between: both
            are on, and no key is made.
        protocol, mean_photon_number_e6: of the records, Alice's; nothing while idle.
    """

    doing: Literal["idle", "dead", "key"]
    protocol: str = ""
    mean_photon_number_e6: int = 0


def terms(alice: EndSettings, bob: EndSettings) -> Terms:
    """What a pair of ends with these settings does."""
    if "idle" in (alice.mode, bob.mode):
        return Terms("idle")
    makes_key = alice == bob and alice.mode == "key"
    return Terms("key" if makes_key else "dead", alice.protocol, alice.mean_photon_number_e6)


def _known_protocol(protocol: str, parameters: SessionParameters) -> str:
    if protocol not in parameters.protocols:
        raise SessionRefusedError(
            f"unknown protocol {protocol!r}",
            expected=" or ".join(parameters.protocols),
            hint="see the list of protocols in the engine's information",
        )
    return protocol


def _in_range(mean_photon_number_e6: int) -> int:
    if not 0 <= mean_photon_number_e6 <= 1_000_000:
        raise SessionRefusedError(
            f"mean photon number {mean_photon_number_e6}e-6 is out of range",
            expected="0 to 1000000 (millionths of a photon per pulse)",
            hint="a signal pulse holds at most one photon on average",
        )
    return mean_photon_number_e6
