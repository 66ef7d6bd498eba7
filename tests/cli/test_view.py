"""The live view: pure, and true to what it is given."""

import io
from typing import Any

import pytest
from rich.console import Console

from qkdctl.api.models import Status
from qkdctl.cli.fitting import share
from qkdctl.cli.view import render, sparkline
from tests.api.memory import STATUS


def screen(status: dict[str, Any], history: dict[str, list[dict[str, Any]]], width: int = 200, **options: Any) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(render(status, history, **options))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def epoch(number: int, qber: int | None, bits: int, action: str = "hold", *reasons: str) -> dict[str, Any]:
    return {
        "epoch": number,
        "mean_photon_number_e6": 480_000,
        "qber_z_ppm": qber,
        "qber_x_ppm": None,
        "sifted_bits": 4 * bits,
        "secret_key_bits": bits,
        "action": action,
        "interventions": [{"code": "slew", "text": reason} for reason in reasons],
    }


@pytest.fixture
def status() -> dict[str, Any]:
    return Status.model_validate(STATUS).model_dump()


def test_one_screen_has_power_counts_error_rates_key_rate_and_actions(status: dict[str, Any]) -> None:
    history = {"alice-bob": [epoch(40, 20_000, 10, "power-up", "the step was halved"), epoch(41, 30_000, 20)]}
    text = screen(status, history)
    for shown in ("0.48/0.6", "2.10/3.05 %", "5.12 kbit/s", "20.5 kbit/s", "10.25 dB", "▁█"):
        assert shown in text
    assert "count_rate_hz 1.2e+05" in text
    assert "no answer within 2 s" in text
    assert "critical alarm device-fault-snspd-1 device-fault: snspd-1 does not answer" in text
    (action,) = [line for line in text.splitlines() if "power-up" in line]
    assert "the step was halved" in action
    assert action.split()[:2] == ["40", "alice-bob"]


def test_unknown_values_and_empty_histories_are_dashes_not_failures(status: dict[str, Any]) -> None:
    link = status["links"][0]
    for member in ("measured_mean_photon_number", "qber_z", "qber_x", "secret_key_rate_bps", "loss_db", "action"):
        link[member] = None
    status["devices"] = []
    status["complaints"] = ["the event loop is 3 s late"]
    text = screen(status, {})
    assert text.count("-") >= 5
    assert "complaint: the event loop is 3 s late" in text


def test_a_broken_connection_is_said_on_top(status: dict[str, Any]) -> None:
    first = screen(status, {}, silent_s=12.0).splitlines()[0]
    assert "stale since 12 s" in first
    assert "stale since" not in screen(status, {})


def test_it_fits_a_small_terminal(status: dict[str, Any]) -> None:
    status["links"][0] |= {"name": "charlie-dave", "mode": "manual-safe", "measured_mean_photon_number": 0.123456}
    text = screen(status, {"charlie-dave": [epoch(number, number, number) for number in range(99)]}, width=80)
    for shown in ("charlie-dave", "manual-safe", "0.123", "2.10/3.05 %", "5.12 kbit/s", "20.5 kbit/s", "▇█"):
        assert shown in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 12), (120, 18), (200, 60)])
def test_it_fits_the_height_and_hides_no_trouble(status: dict[str, Any], width: int, height: int) -> None:
    healthy = status["devices"][0]
    status["devices"] = [healthy | {"name": f"voa-{number}"} for number in range(2, 14)] + status["devices"]
    history = {"alice-bob": [epoch(number, 1, 1, f"act-{number}") for number in range(20)]}
    text = screen(status, history, width=width, height=height)
    lines = text.splitlines()
    assert len(lines) <= height
    assert all(len(line.rstrip()) <= width for line in lines)
    assert text.index("snspd-1 does not answer") < text.index("key rate"), "alarms come first"
    if height > 12:
        assert "act-19" in text
    hidden = 14 - sum(line.startswith(("voa-", "snspd-1")) for line in lines)
    assert "no answer within 2 s" in text
    assert all(line.split()[-1] != "online" and " online " in line for line in lines if line.startswith("voa-"))
    assert (f"and {hidden} more, all online" in text) == (hidden > 0)
    assert hidden == 0 or height < 60


@pytest.mark.parametrize("room", range(40))
@pytest.mark.parametrize(("actions", "devices"), [(0, 0), (0, 14), (2, 3), (20, 14)])
def test_what_is_shown_has_room(room: int, actions: int, devices: int) -> None:
    shown_actions, shown_devices = share(room, actions, devices)
    used = (2 + shown_actions if shown_actions else 0) + (2 + shown_devices if shown_devices else 0)
    used += 1 if shown_devices and shown_devices < devices else 0
    assert used <= max(room, 0)
    assert 0 <= shown_actions <= min(actions, 8)
    assert 0 <= shown_devices <= devices


def test_only_the_newest_actions_are_shown(status: dict[str, Any]) -> None:
    history = {"alice-bob": [epoch(number, 1, 1, f"act-{number}") for number in range(20)]}
    text = screen(status, history)
    assert "act-19" in text
    assert "act-11" not in text


@pytest.mark.parametrize(
    ("values", "bars"),
    [
        ([], ""),
        ([None, None], "  "),
        ([5, 5], "▁▁"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([1, None, 2], "▁ █"),
    ],
)
def test_sparkline(values: list[float | None], bars: str) -> None:
    assert sparkline(values) == bars
