"""The installed unit as systemd's own tools judge it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from qkdctl.install_service import UNIT, install_service

EXPOSURE_MAX = "1.2"
LABORATORY_ONLY = "[Service]\nIPAddressAllow=\nIPAddressAllow=localhost 192.168.17.0/24\n"
GPIB = "[Service]\nDeviceAllow=char-gpib rw\n"


def tool(*command: str | Path) -> subprocess.CompletedProcess[str]:
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    install_service(tmp_path)
    return tmp_path


@pytest.fixture
def directives(root: Path) -> list[tuple[str, str]]:
    lines = (root / UNIT).read_text().splitlines()
    return [(key, value) for key, mark, value in (line.partition("=") for line in lines if line[:1] != "#") if mark]


@pytest.mark.parametrize("drop_in", ["", LABORATORY_ONLY, GPIB], ids=["as installed", "one laboratory", "with GPIB"])
def test_no_complaint_and_little_exposure(root: Path, drop_in: str) -> None:
    (root / f"{UNIT}.d").mkdir()
    (root / f"{UNIT}.d/override.conf").write_text(drop_in)
    verified = tool("systemd-analyze", "verify", "--man=no", root / UNIT)
    assert (verified.returncode, verified.stdout, verified.stderr) == (0, "", "")
    threshold = EXPOSURE_MAX.replace(".", "")
    judged = tool(
        "systemd-analyze", "security", "--offline=true", f"--threshold={threshold}", "--no-pager", root / UNIT
    )
    assert judged.returncode == 0, judged.stdout


def test_the_judge_is_awake(root: Path) -> None:
    text = (root / UNIT).read_text()
    (root / UNIT).write_text(
        text.replace("PrivateUsers=yes", "PrivateUsers=maybe").replace("/bin/kill", "/bin/nothing")
    )
    verified = tool("systemd-analyze", "verify", "--man=no", root / UNIT)
    assert "Failed to parse boolean value, ignoring: maybe" in verified.stderr
    assert "/bin/nothing" in verified.stderr
    judged = tool("systemd-analyze", "security", "--offline=true", "--threshold=12", "--no-pager", root / UNIT)
    assert judged.returncode != 0


def test_devices_are_listed_wherever_the_clock_is_protected(directives: list[tuple[str, str]]) -> None:
    # ProtectClock=yes adds DeviceAllow=char-rtc, and a device list of one entry closes all other devices.
    assert ("ProtectClock", "yes") in directives
    allowed = {value for key, value in directives if key == "DeviceAllow"}
    assert allowed >= {f"char-{name} rw" for name in ("ttyUSB", "ttyACM", "usb_device", "usb", "hidraw")}
    assert ("DevicePolicy", "closed") in directives


def test_libusb_finds_its_hot_plug_monitor(directives: list[tuple[str, str]]) -> None:
    assert "AF_NETLINK" in dict(directives)["RestrictAddressFamilies"].split()


@pytest.mark.parametrize(
    "directive",
    [
        ("Type", "notify"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("Restart", "on-failure"),
        ("RestartPreventExitStatus", "78 79"),
        ("LimitCORE", "0"),
        ("MemoryDenyWriteExecute", "yes"),
        ("IPAddressDeny", "any"),
    ],
    ids="=".join,
)
def test_life_and_limits(directives: list[tuple[str, str]], directive: tuple[str, str]) -> None:
    assert directive in directives


def test_user_and_groups_can_be_made(root: Path) -> None:
    made = tool("systemd-sysusers", "--dry-run", root / "etc/sysusers.d/qkdctl.conf")
    assert made.returncode == 0, made.stderr


def test_folders_can_be_made(root: Path) -> None:
    made = tool("systemd-tmpfiles", f"--root={root}", "--create", root / "etc/tmpfiles.d/qkdctl.conf")
    # 65: a line that systemd does not understand. Giving folders to root takes root.
    assert made.returncode == 0 if os.geteuid() == 0 else made.returncode != 65, made.stderr
    assert (root / "etc/credstore").stat().st_mode & 0o777 == 0o700
