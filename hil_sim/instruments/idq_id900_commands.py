"""The command table of the ID900 (Time Controller Series manual)."""

from collections.abc import Callable, Sequence
from typing import Any

from hil_sim.instruments.idq_id900_blocks import CombinerState, DelayState, InputState, RawState
from hil_sim.instruments.idq_id900_state import TimeController
from hil_sim.instruments.idq_id900_values import Block, Done, TimeBases, Volts, Whole, Word
from hil_sim.instruments.start_stop import MAX_BINS
from hil_sim.scpi.command import Command
from hil_sim.scpi.values import Kind

_SWITCH = Word("ON", "OFF")
_LINK = Block(INPU=4, DELA=8, TSCO=16, GEN=8, TSGE=8, STAR=0, REC=0)
_DELAY = TimeBases(0)


def command_table(controller: TimeController) -> Sequence[Command]:
    """Every command of a controller."""
    return (
        *_device(controller),
        *_inputs(controller, "STARt", lambda: 0),
        *_inputs(controller, "INPUt#", lambda n: n),
        *_delays(controller),
        *_combiners(controller),
        *_histograms(controller),
        *_record(controller),
        *_raws(controller),
    )


def _device(controller: TimeController) -> Sequence[Command]:
    load = Word("INIT", "BLANK", "COUNT", "HISTO")
    return (
        Command("*IDN", get=lambda: _identity(controller)),
        _plain("DEVIce:RESolution", Word("HIRES", "LOWRES"), lambda: controller, "resolution"),
        Command("DEVIce:RESolution:BWIDth", get=controller.bin_width_tb),
        _plain("DEVIce:SYNC", Word("INTErnal", "EXTErnal"), lambda: controller, "sync"),
        Command("DEVIce:CONFiguration:LOAD", load, set=controller.load),
        Command("DEVIce:CONFI:LOAD", load, set=controller.load),
        Command("DEVIce:SAMPling:RECAlibrate", Done("Recalibrated"), set=controller.recalibrate),
        Command("STATe", get=lambda: _dump(controller)),
    )


def _inputs(controller: TimeController, block: str, number: Callable[..., int]) -> Sequence[Command]:
    """An input; START has a delay of its own instead of a resynchronisation policy."""

    def state(*suffixes: int) -> InputState:
        return controller.input(number(*suffixes))

    own = (
        _plain(f"{block}:DELAy", _DELAY, state, "delay_tb")
        if block == "STARt"
        else _plain(f"{block}:RESYncpolicy", Word("AUTO", "MANUal"), state, "resync")
    )
    return (
        _plain(f"{block}:ENABle", _SWITCH, state, "enabled", settle=controller.advance),
        _plain(f"{block}:THREshold", Volts(1.0), state, "threshold_v", settle=controller.advance),
        _plain(f"{block}:EDGE", Word("RISIng", "FALLing"), state, "edge"),
        _plain(f"{block}:COUPling", Word("DC", "AC"), state, "coupling"),
        _plain(f"{block}:SELEct", Word("UNSHaped", "SHAPed", "LOOP", "OUTPut"), state, "select"),
        own,
        *_counter(controller, block, number),
        Command(f"{block}:HIREs:ERROr", get=lambda *n: state(*n).hires_error),
        Command(
            f"{block}:HIREs:ERROr:CLEAr",
            Done("Cleared Highres errors"),
            set=lambda *n: setattr(state(*n), "hires_error", 0),
        ),
    )


def _counter(controller: TimeController, block: str, number: Callable[..., int]) -> Sequence[Command]:
    longest = controller.integration_value(65.535)
    shortest = controller.integration_value(0.001)
    modes = {"CYCLe": False, "ACCUm": True}

    def mode(*suffixes: int) -> str:
        return "ACCUm" if controller.counter(number(*suffixes)).accumulating else "CYCLe"

    def set_mode(*arguments: Any) -> None:
        *suffixes, word = arguments
        controller.counter(number(*suffixes)).set_accumulating(modes[word])

    def set_integration(*arguments: Any) -> None:
        *suffixes, value = arguments
        controller.counter(number(*suffixes)).set_integration_s(controller.integration_s(value))

    return (
        Command(f"{block}:COUNter", get=lambda *n: controller.counter(number(*n)).value()),
        Command(f"{block}:COUNter:MODE", Word(*modes), get=mode, set=set_mode),
        Command(
            f"{block}:COUNter:INTEgrationtime",
            Whole(controller.integration_value(1.0), shortest, longest),
            get=lambda *n: controller.integration_value(controller.counter(number(*n)).integration_s),
            set=set_integration,
        ),
        Command(
            f"{block}:COUNter:RESEt",
            Done("Counter value set to 0 "),
            set=lambda *n: controller.counter(number(*n)).reset(),
        ),
    )


def _delays(controller: TimeController) -> Sequence[Command]:
    def state(number: int) -> DelayState:
        return controller.delay(number)

    return (
        _plain("DELAy#:VALUe", _DELAY, state, "value_tb"),
        _plain("DELAy#[:INPOrt]:LINK", _LINK, state, "link"),
    )


def _combiners(controller: TimeController) -> Sequence[Command]:
    def state(number: int) -> CombinerState:
        return controller.combiner(number)

    return (
        _plain("TSCOmbiner#:WINDow:ENABle", _SWITCH, state, "window"),
        _plain("TSCOmbiner#:WINDow:BEGIn:DELAy", _DELAY, state, "begin_tb", settle=controller.advance),
        _plain("TSCOmbiner#:WINDow:END:DELAy", _DELAY, state, "end_tb", settle=controller.advance),
        _plain("TSCOmbiner#:FIRst:LINK", _LINK, state, "first"),
        _plain("TSCOmbiner#:SECond:LINK", _LINK, state, "second"),
        *_counter(controller, "TSCOmbiner#", lambda n: -n),
    )


def _histograms(controller: TimeController) -> Sequence[Command]:
    state = controller.histogram
    return (
        _plain("HISTogram#[:INPOrt]:REF:LINK", _LINK, state, "reference"),
        _plain("HISTogram#[:INPOrt]:STOP:LINK", _LINK, state, "stop"),
        _plain("HISTogram#:MINimum", _DELAY, state, "minimum_tb"),
        _plain("HISTogram#:BWIDth", TimeBases(100, low=1, high=10**9), state, "bin_width_tb"),
        Command(
            "HISTogram#:BCOUnt",
            Whole(MAX_BINS, 1, MAX_BINS),
            get=lambda n: state(n).bin_count,
            set=lambda n, count: state(n).set_bin_count(count),
        ),
        Command("HISTogram#:FLUSh", Done("Flushed Histogram!"), set=controller.flush),
        Command("HISTogram#:DATA", get=controller.histogram_data),
    )


def _record(controller: TimeController) -> Sequence[Command]:
    def state() -> Any:
        return controller.blocks.record

    return (
        _plain("RECord:ENABle", _SWITCH, state, "enabled"),
        _plain("RECord:TRIGger:ARM:MODE", Word("MANUal", "AUTO"), state, "arm_mode"),
        _plain("RECord:NUMber", Whole(1, 0, 2**31 - 1), state, "number"),
        _plain("RECord:DURation", TimeBases(10**12, low=1, high=10**17), state, "duration_tb"),
        Command("RECord:PLAY", Done("Value set to PLAYing"), set=controller.play),
        Command("RECord:STOP", Done("Value set to IDLE"), set=controller.stop),
        Command("RECord:STAGe", get=controller.stage),
    )


def _raws(controller: TimeController) -> Sequence[Command]:
    def state(number: int) -> RawState:
        return controller.raw(number)

    return (
        _plain("RAW#:SEND", _SWITCH, state, "send"),
        Command("RAW#:ERRORs", get=lambda n: state(n).errors),
        Command("RAW#:ERRORs:CLEAr", Done("Cleared errors"), set=lambda n: setattr(state(n), "errors", 0)),
    )


def _plain(
    header: str,
    kind: Kind,
    state: Callable[..., Any],
    field: str,
    *,
    settle: Callable[[], None] | None = None,
) -> Command:
    """A setting that is a field of a block; `settle` is called before it changes."""

    def set_field(*arguments: Any) -> None:
        *suffixes, value = arguments
        if settle is not None:
            settle()
        setattr(state(*suffixes), field, value)

    return Command(header, kind, get=lambda *n: getattr(state(*n), field), set=set_field)


def _identity(controller: TimeController) -> str:
    return f"ID Quantique, ID900 Time Controller, Serial : {controller.unit.serial_number}, Firmware : 1.20.4"


def _dump(controller: TimeController) -> str:
    """One line per block, each setting by its short name."""
    lines = [f":DEVI:SYNC {controller.sync};RES {controller.resolution};"]
    for number in range(len(controller.blocks.inputs)):
        block = f"INPU{number}" if number else "STAR"
        state, counter = controller.input(number), controller.counter(number)
        lines.append(
            f":{block}:ENAB {state.enabled};COUP {state.coupling};EDGE {state.edge};"
            f"THRE {Volts(0).write(state.threshold_v)};SELE {state.select};"
        )
        mode = "ACCUm" if counter.accumulating else "CYCLe"
        lines.append(f":{block}:COUN:INTE {controller.integration_value(counter.integration_s)};MODE {mode};")
    lines += [
        f":DELA{n}:VALU {state.value_tb}TB;INPO:LINK {state.link};" for n, state in controller.blocks.delays.items()
    ]
    return "\n".join(lines)
