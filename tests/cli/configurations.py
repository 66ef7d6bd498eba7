"""Small configurations for verbs that work without a daemon."""

from pathlib import Path


def write_configuration(folder: Path, devices: str = "", more: str = "") -> Path:
    """A configuration whose node keeps everything in the folder."""
    path = folder / "qkdctl.toml"
    path.write_text(
        f"""
[node]
name = "bench"
state_directory = "{folder / "state"}"
runtime_directory = "{folder}"

[api]
socket = "{folder / "s"}"
{more}
{devices}
"""
    )
    return path


def device(name: str, driver: str, address: str, timeout_s: float = 0.5) -> str:
    """One [devices.NAME] table."""
    return f'[devices.{name}]\ndriver = "{driver}"\naddress = "{address}"\ntimeout_s = {timeout_s}\n'
