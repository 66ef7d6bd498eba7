"""Installs the daemon as a systemd service: unit, user, folders, device rules and a first configuration."""

import os
import re
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from qkdctl.resources import resource

UNIT: Final = Path("etc/systemd/system/qkdctl.service")
CONFIGURATION: Final = Path("etc/qkdctl/qkdctl.toml")
SHIPPED: Final = {
    UNIT: "systemd/qkdctl.service",
    Path("etc/sysusers.d/qkdctl.conf"): "systemd/qkdctl.sysusers",
    Path("etc/tmpfiles.d/qkdctl.conf"): "systemd/qkdctl.tmpfiles",
    Path("etc/udev/rules.d/99-qkdctl.rules"): "systemd/99-qkdctl.rules",
    CONFIGURATION: "config/qkdctl.toml",
}
_UNIT_EXECUTABLE: Final = "/usr/bin/qkdctl"
_UNIT_USER: Final = "qkdctl"
_HIDDEN_FROM_THE_UNIT: Final = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 -- named, not used
_PLAIN_PATH: Final = re.compile(r"/[\w/.+@-]+", re.ASCII)
_USER: Final = re.compile(r"[a-z_][a-z0-9_-]{0,30}")


class InstallationError(Exception):
    """The service cannot be installed as asked.

    Attributes:
        error: why not.
        hint: what to do.
    """

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(f"{error}; {hint}")
        self.error = error
        self.hint = hint


@dataclass(frozen=True)
class Installation:
    """What an installation wrote, or would write.

    Attributes:
        written: new and changed files.
        unchanged: files that were already as they should be.
        kept: the configuration, when one existed; it is never overwritten.
        warnings: what will keep the service from working.
        next_steps: commands to run, in order.
    """

    written: tuple[Path, ...]
    unchanged: tuple[Path, ...]
    kept: tuple[Path, ...]
    warnings: tuple[str, ...]
    next_steps: tuple[str, ...]


def own_executable() -> Path:
    """The qkdctl command of the running environment."""
    return Path(sysconfig.get_path("scripts")) / "qkdctl"


def install_service(
    root: Path = Path("/"), executable: Path | None = None, user: str = _UNIT_USER, *, dry_run: bool = False
) -> Installation:
    """Write the service's files below `root`, readable by everyone; an existing configuration is kept.

    Args:
        root: where the target system's file tree starts.
        executable: absolute path of qkdctl in the target system; by default that of this environment.
        user: name of the system user and group of the service.
        dry_run: only find out what would be written.

    Raises:
        InstallationError: for an executable or user that a unit cannot have.
        OSError: when a file cannot be written.
    """
    command = own_executable() if executable is None else executable
    _check(command, user, root)
    written, unchanged, kept = [], [], []
    for place, source in SHIPPED.items():
        target = root / place
        text = resource(source).read_text()
        if place != CONFIGURATION:
            text = _rendered(text, command, user)
        elif target.exists():
            kept.append(target)
            continue
        if target.exists() and target.read_text() == text:
            unchanged.append(target)
            continue
        written.append(target)
        if not dry_run:
            _write(target, text)
    return Installation(
        written=tuple(written),
        unchanged=tuple(unchanged),
        kept=tuple(kept),
        warnings=tuple(_warnings(command, own=executable is None)),
        next_steps=_next_steps(command, user, root),
    )


def _check(command: Path, user: str, root: Path) -> None:
    if not _USER.fullmatch(user):
        raise InstallationError(f"{user!r} is no name for a system user", f"choose one like {_UNIT_USER!r}")
    if not _PLAIN_PATH.fullmatch(str(command)):
        raise InstallationError(
            f"a unit cannot start {str(command)!r}, expected an absolute path of letters, digits and /._+@-",
            "install qkdctl under such a path, for example /opt/qkdctl",
        )
    candidates = (command, root / command.relative_to("/"))
    if not any(path.is_file() and os.access(path, os.X_OK) for path in candidates):
        raise InstallationError(
            f"there is no executable {' or '.join(map(str, dict.fromkeys(candidates)))}",
            "name the installed one with --executable",
        )


def _rendered(text: str, command: Path, user: str) -> str:
    text = text.replace(_UNIT_EXECUTABLE, str(command))
    return re.sub(rf"(?m)^(User=|u ){_UNIT_USER}\b", rf"\g<1>{user}", text)


def _warnings(command: Path, *, own: bool) -> Iterator[str]:
    needed = [command, *((Path(sys.base_prefix), Path(__file__).parent) if own else ())]
    for path in needed:
        if any(path.is_relative_to(place) for place in _HIDDEN_FROM_THE_UNIT):
            yield (
                f"{path} is hidden from the service (ProtectHome=yes, PrivateTmp=yes), which will not start; "
                "install qkdctl and its Python elsewhere, for example with a virtual environment in /opt/qkdctl"
            )


def _next_steps(command: Path, user: str, root: Path) -> tuple[str, ...]:
    if root != Path("/"):
        return (f"boot the system below {root}, then run: {command} install-service",)
    return (
        "systemd-sysusers && systemd-tmpfiles --create qkdctl.conf",
        "udevadm control --reload && udevadm trigger",
        f"edit /{CONFIGURATION}, then: {command} config check --config /{CONFIGURATION}",
        f"usermod --append --groups {user} NAME   (for everyone who may operate the daemon)",
        "systemctl daemon-reload && systemctl enable --now qkdctl",
    )


def _write(target: Path, text: str) -> None:
    """Replace a file as a whole, so that no reader ever finds half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.new")
    fresh.write_text(text)
    fresh.chmod(0o644)
    fresh.replace(target)
