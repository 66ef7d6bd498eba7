"""The models of simulated instruments by name."""

from importlib import import_module

from hil_sim.instruments.model import SimulatorModel

# Module below hil_sim.instruments that holds each model as MODEL; imported when a scenario asks for it.
_MODULES = {
    "idq-id900": "idq_id900",
    "jdsu-ha9": "jdsu_ha9",
    "key-router": "key_router",
    "keysight-n776x": "keysight_n776x",
    "koheron-ctl200": "koheron_ctl200",
    "ozoptics-dd100mc": "ozoptics_dd100mc",
    "ozoptics-epc04": "ozoptics_epc04",
    "polatis": "polatis",
    "qkd-engine": "qkd_engine",
    "sfifteen-counter": "sfifteen_counter",
    "sfifteen-spd": "sfifteen_spd",
    "thorlabs-cld101x": "thorlabs_cld101x",
    "thorlabs-pm100d": "thorlabs_pm100d",
    "websq": "websq",
}


def model_names() -> tuple[str, ...]:
    """The names of all models, sorted."""
    return tuple(sorted(_MODULES))


def find_model(name: str) -> SimulatorModel:
    """The model of a name.

    Raises:
        KeyError: when there is no such model.
    """
    model = import_module(f"hil_sim.instruments.{_MODULES[name]}").MODEL
    assert isinstance(model, SimulatorModel), f"MODEL of '{name}' must be a SimulatorModel, got {model!r}"
    return model
