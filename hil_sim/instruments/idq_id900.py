"""ID Quantique ID900 time controller: SCPI text in ZeroMQ messages, one exchange per message.

Mnemonics have short forms of four letters; a setting without its argument takes the default. Everything is answered,
one line per command of a message: a setting by `Value set to ...`, a query by its value, a mistake by an error word
after which the rest of the message is not obeyed. The streams of raw time stamps (ports 5556 to 5559) are not
simulated; their switches and error counters are.
"""

from collections.abc import Callable, Mapping, Sequence

from hil_sim.endpoints.base import Conversation, Instrument, Reply
from hil_sim.instruments.detectors_place import Counting
from hil_sim.instruments.idq_id900_commands import command_table
from hil_sim.instruments.idq_id900_state import Id900Unit, TimeController
from hil_sim.instruments.idq_id900_values import DefaultedKind, Done
from hil_sim.instruments.model import SimulatorModel, Surroundings
from hil_sim.scpi.errors import ScpiError
from hil_sim.scpi.parser import Parser, Unit
from hil_sim.scpi.tree import CommandTree
from qkdctl.clock import Clock


class IdqId900(Instrument):
    """One controller behind its ZeroMQ socket.

    Attributes:
        state: inputs, counters and recording.
    """

    def __init__(
        self,
        clock: Clock,
        unit: Id900Unit | None = None,
        *,
        place: Counting | None = None,
        start_period_ps: float = 1e6,
        seed: int = 0,
    ) -> None:
        """Switch on; without a place of its own it hears four detectors in the dark."""
        self.state = TimeController(clock, unit, place=place, start_period_ps=start_period_ps, seed=seed)
        self._parser = Parser(CommandTree(command_table(self.state)))

    def converse(self) -> Conversation:
        """Take one message."""
        return _Exchange(self._parser)

    def power_cycle(self) -> None:
        """Take the settings of power-on."""
        self.state.switch_on()

    @property
    def disturbances(self) -> Mapping[str, Callable[[], None]]:
        """What may happen to the sampling."""
        return {"disturb-sampling": self.state.disturb_sampling}


class _Exchange(Conversation):
    """A message and its answer; messages come whole."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser

    def received(self, data: bytes) -> Sequence[Reply]:
        program = self._parser.parse(data.strip())
        answers: list[str] = []
        error = program.error
        for unit in program.units:
            try:
                answers.append(_answer(unit))
            except ScpiError as refusal:
                error = refusal
                break
        if error is not None:
            answers.append(f"Error: {_error_word(error)}")
        return (Reply("\n".join(answers).encode()),)


def _answer(unit: Unit) -> str:
    command, kind = unit.command, unit.command.kind
    if unit.query:
        if command.get is None:
            raise ScpiError(-113)
        if unit.parameters:
            raise ScpiError(-108)
        value = command.get(*unit.suffixes)
        return str(value) if kind is None else kind.write(value)
    if command.set is None or kind is None:
        raise ScpiError(-113)
    if isinstance(kind, Done):
        if unit.parameters:
            raise ScpiError(-108)
        command.set(*unit.suffixes)
        return kind.answer
    if len(unit.parameters) > 1:
        raise ScpiError(-108)
    assert isinstance(kind, DefaultedKind), "every setting has a default"
    value = kind.parse(unit.parameters[0], unit.suffixes) if unit.parameters else kind.default
    command.set(*unit.suffixes, value)
    return f"Value set to {kind.write(value)}"


def _error_word(error: ScpiError) -> str:
    if error.code in _HEADER_ERRORS:
        return "SCPI_ERR_INVALID_CMD"
    return "SCPI_ERR_PARAM_COUNT" if error.code == -108 else "SCPI_ERR_PARAM_TYPE"


# Codes of `hil_sim.scpi` for what is wrong before the parameter.
_HEADER_ERRORS = {-101, -102, -113, -114}


def _build(around: Surroundings) -> IdqId900:
    if around.link is None:
        return IdqId900(around.clock, around.unit, seed=around.seed)
    instrument = IdqId900(
        around.clock,
        around.unit,
        place=around.link,
        start_period_ps=1e12 / around.link.parameters.pulse_rate_hz,
        seed=around.seed,
    )
    around.link.before_change.append(instrument.state.advance)
    return instrument


MODEL = SimulatorModel(
    name="idq-id900",
    title="ID Quantique ID900 time controller",
    build=_build,
    unit=Id900Unit,
    transports=("zmq",),
)
