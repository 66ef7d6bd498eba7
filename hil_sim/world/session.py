"""The key session of a link: what happens on the fibre becomes session records of both its ends."""

from collections import deque
from dataclasses import replace
from itertools import islice

from hil_sim.world.counts import PulseCounts
from hil_sim.world.key_analysis import DECOY, X, Z, provable_key_bits
from hil_sim.world.link import OpticalLink
from hil_sim.world.session_state import Mode, SessionParameters, SessionRefusedError, SessionState
from qkdctl.records.session import BasisCounts, End, QberSample, SessionRecord


class KeySession:
    """Both engines of a link; they share one classical channel, so whatever one end is told, the other follows.

    Time passes by looking: every method first counts what happened since the last one, interval by interval, and the
    link reports each change of its settings beforehand, so that no interval mixes the light before and after.
    A record ends with its interval, with its block or with its mode. While idle there are no records.
    """

    def __init__(self, link: OpticalLink, parameters: SessionParameters) -> None:
        self.link = link
        self.parameters = parameters
        self._clock = link.clock
        self._state = SessionState("idle", parameters.protocols[0], 0, block=0, sequence=0)
        self._records: deque[SessionRecord] = deque(maxlen=parameters.kept_records)
        self._nothing = PulseCounts.none(len(parameters.intensity_ratios))
        self._block = self._interval = self._nothing
        self._credited_bits = 0
        self._block_started = self._interval_started = self._counted_until = self._clock.monotonic()
        link.before_change.append(self.advance)

    def state(self) -> SessionState:
        """What the session is set to, and how far it has come."""
        self.advance()
        return self._state

    def configure(
        self,
        *,
        running: bool | None = None,
        mode: Mode | None = None,
        protocol: str | None = None,
        mean_photon_number_e6: int | None = None,
    ) -> SessionState:
        """Change any of the settings; a change of mode, protocol or mean photon number begins a new key block.

        Args:
            running: `True` leaves idle for key, `False` goes idle; no change when it already holds.
            mode: see SessionState.
            protocol: one of the parameters' protocols.
            mean_photon_number_e6: 0 to 1 000 000.

        Raises:
            SessionRefusedError: for settings that contradict each other or do not exist; nothing is changed then.
        """
        self.advance()
        wanted = replace(
            self._state,
            mode=self._wanted_mode(running, mode),
            protocol=self._state.protocol if protocol is None else self._known_protocol(protocol),
            mean_photon_number_e6=(
                self._state.mean_photon_number_e6 if mean_photon_number_e6 is None else _in_range(mean_photon_number_e6)
            ),
        )
        if wanted != self._state:
            now = self._clock.monotonic()
            self._close_interval(now)
            self._state = replace(wanted, block=self._state.block + 1, sequence=self._state.sequence)
            self._begin_block(now)
            self.link.set_modulation_ratio(self.parameters.mean_intensity_ratio() if wanted.mode == "key" else 1.0)
        return self._state

    def records(self, end: End, after: int, limit: int) -> list[SessionRecord]:
        """Up to `limit` records of one end with a sequence above `after`, oldest first."""
        self.advance()
        first = max(after + 1 - self.oldest_sequence(), 0)
        page = islice(self._records, first, first + max(limit, 0))
        return [record.model_copy(update={"end": end}) for record in page]

    def oldest_sequence(self) -> int:
        """Sequence of the oldest record still kept, 0 when there is none."""
        return self._records[0].sequence if self._records else 0

    def measure(self, pulses: int) -> QberSample:
        """Send an alignment pattern, half of it in either basis, and compare.

        The pattern takes `pulses` over the pulse rate; waiting for so long is up to the caller.

        Raises:
            SessionRefusedError: outside alignment mode, or without pulses.
        """
        self.advance()
        if self._state.mode != "alignment":
            raise SessionRefusedError(
                f"cannot measure in mode {self._state.mode}",
                expected="mode alignment",
                hint="set the mode to alignment first",
            )
        if pulses < 1:
            raise SessionRefusedError(
                f"cannot measure with {pulses} pulses", expected="1 or more", hint="send more pulses"
            )
        counts = self.link.detect(pulses, (1.0,), (1.0,), (0.5, 0.5), matched=True)
        detected, errors = int(counts.detected.sum()), int(counts.errors.sum())
        qber_ppm = errors * 1_000_000 // detected if detected else 1_000_000
        return QberSample(pulses=pulses, detected=detected, errors=errors, qber_ppm=qber_ppm)

    def advance(self) -> None:
        """Count what happened until now."""
        now = self._clock.monotonic()
        if self._state.mode == "idle":
            self._begin_interval(now)
            return
        while (end := self._interval_started + self.parameters.interval_s) <= now:
            self._count(end)
            self._close_interval(end)
            if end - self._block_started >= self.parameters.block_s:
                self._state = replace(self._state, block=self._state.block + 1)
                self._begin_block(end)
        self._count(now)

    def _count(self, until: float) -> None:
        if until <= self._counted_until:
            return
        if self._state.mode == "key":
            due = round((until - self._interval_started) * self.link.parameters.pulse_rate_hz)
            p = self.parameters
            self._interval += self.link.detect(
                due - self._interval.pulses,
                p.intensity_ratios,
                p.intensity_probabilities,
                p.basis_probabilities,
                time_s=(self._counted_until + until) / 2,
            )
        self._counted_until = until

    def _close_interval(self, end: float) -> None:
        duration_ms = round(end * 1000) - round(self._interval_started * 1000)
        if self._state.mode == "idle" or duration_ms == 0:
            return
        self._block += self._interval
        self._state = replace(self._state, sequence=self._state.sequence + 1)
        mean, decoy = self._state.mean_photon_number_e6, self.parameters.intensity_ratios[DECOY]
        self._records.append(
            SessionRecord(
                link=self.link.name,
                end="alice",
                sequence=self._state.sequence,
                block=self._state.block,
                started_ms=self._clock.wall_ms() - round((self._clock.monotonic() - self._interval_started) * 1000),
                duration_ms=duration_ms,
                protocol=self._state.protocol,
                pulses=self._interval.pulses,
                mean_photon_numbers_e6=(mean, round(mean * decoy), 0),
                z=_basis_counts(self._interval, Z),
                x=_basis_counts(self._interval, X),
                secret_key_bits=self._credit(),
                dead_ms=duration_ms if self._state.mode == "alignment" else 0,
            )
        )
        self._begin_interval(end)

    def _credit(self) -> int:
        """Key that the block proves now beyond what has been credited for it; a worsening block takes nothing back."""
        proven = provable_key_bits(
            self._block,
            self._state.mean_photon_number_e6 * 1e-6,
            self.parameters.intensity_ratios[DECOY],
            correction=self.parameters.correction,
            least_clicks=self.parameters.least_clicks,
        )
        fresh = max(int(proven) - self._credited_bits, 0)
        self._credited_bits += fresh
        return fresh

    def _begin_block(self, now: float) -> None:
        self._block_started = now
        self._block = self._nothing
        self._credited_bits = 0
        self._begin_interval(now)

    def _begin_interval(self, now: float) -> None:
        self._interval_started = self._counted_until = now
        self._interval = self._nothing

    def _wanted_mode(self, running: bool | None, mode: Mode | None) -> Mode:
        if running is not None and mode is not None and running != (mode != "idle"):
            raise SessionRefusedError(
                f"running {str(running).lower()} contradicts mode {mode}",
                expected="mode idle when not running, key or alignment when running",
                hint="give one of the two",
            )
        if mode is not None:
            return mode
        if running is None or running == self._state.running:
            return self._state.mode
        return "key" if running else "idle"

    def _known_protocol(self, protocol: str) -> str:
        if protocol not in self.parameters.protocols:
            raise SessionRefusedError(
                f"unknown protocol {protocol!r}",
                expected=" or ".join(self.parameters.protocols),
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


def _basis_counts(counts: PulseCounts, basis: int) -> BasisCounts:
    return BasisCounts(
        sent=tuple(counts.sent[basis].tolist()),
        detected=tuple(counts.detected[basis].tolist()),
        errors=tuple(counts.errors[basis].tolist()),
    )
