"""The configuration of a demo's daemon: the shipped one, plus where its instruments and its state are."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from hil_sim.device_lines import device_lines
from hil_sim.simulation import Simulation


@dataclass(frozen=True, slots=True)
class PolicyChoice:
    """What decides: a policy file, or a baseline by name.

    Attributes:
        kind: onnx, rule-based or hold.
        file: of an onnx policy.
    """

    kind: str
    file: Path | None = None

    @classmethod
    def parse(cls, text: str) -> "PolicyChoice":
        """Read `hold`, `rule-based`, or the path of an .onnx file.

        Raises:
            ValueError: neither a baseline nor a file that exists.
        """
        if text in ("hold", "rule-based"):
            return cls(text)
        path = Path(text).expanduser().resolve()
        if not path.is_file():
            raise ValueError(f"{text!r} is no policy; expected hold, rule-based, or the path of an .onnx file")
        return cls("onnx", path)


def write_configuration(directory: Path, shipped: Path, simulation: Simulation, policy: PolicyChoice) -> Path:
    """Write main file and fragments into a directory.

    Returns:
        The main file, for `qkdctl run --config`.
    """
    main = directory / "qkdctl.toml"
    shutil.copyfile(shipped, main)
    fragments = directory / "conf.d"
    fragments.mkdir()
    (fragments / "devices.toml").write_text(_devices(simulation), encoding="utf-8")
    (fragments / "place.toml").write_text(_place(directory, policy), encoding="utf-8")
    return main


def _devices(simulation: Simulation) -> str:
    """Device tables; polls are quick, so that the view moves."""
    tables = device_lines(simulation).split("\n\n")
    return "\n\n".join(f"{table.rstrip()}\npoll_s = 0.25" for table in tables if table.strip()) + "\n"


def _place(directory: Path, policy: PolicyChoice) -> str:
    lines = [
        "[node]",
        f"state_directory = {json.dumps(str(directory / 'state'))}",
        f"runtime_directory = {json.dumps(str(directory))}",
        "[policy]",
        f"kind = {json.dumps(policy.kind)}",
    ]
    if policy.file is not None:
        lines.append(f"file = {json.dumps(str(policy.file))}")
    return "\n".join(lines) + "\n"
