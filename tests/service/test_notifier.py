"""What the service manager hears."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from qkdctl.clock import VirtualClock
from qkdctl.service import Notifier
from tests.service.manager import Manager


@pytest.fixture
def notifier(manager: Manager) -> Notifier:
    return Notifier.from_environment({"NOTIFY_SOCKET": manager.address}, VirtualClock(start_s=12.5))


def test_life_of_a_service(manager: Manager, notifier: Notifier) -> None:
    notifier.extend_timeout(2.5)
    notifier.ready()
    notifier.watchdog()
    notifier.stopping()
    assert manager.messages() == [
        {"EXTEND_TIMEOUT_USEC": "2500000"},
        {"READY": "1"},
        {"WATCHDOG": "1"},
        {"STOPPING": "1"},
    ]


def test_reload_and_its_time_travel_in_one_datagram(manager: Manager, notifier: Notifier) -> None:
    notifier.reloading()
    assert manager.messages() == [{"RELOADING": "1", "MONOTONIC_USEC": "12500000"}]


def test_a_status_cannot_smuggle_in_another_message(manager: Manager, notifier: Notifier) -> None:
    notifier.status("laser says:\nREADY=1\r\n  strange")
    assert manager.messages() == [{"STATUS": "laser says: READY=1 strange"}]


def test_a_complaint_stands_before_the_headline_until_withdrawn(manager: Manager, notifier: Notifier) -> None:
    notifier.complain("attenuator is silent")
    notifier.status("epoch 7")
    notifier.complain("")
    assert [message["STATUS"] for message in manager.messages()] == [
        "attenuator is silent",
        "attenuator is silent | epoch 7",
        "epoch 7",
    ]


def test_abstract_socket() -> None:
    with Manager(f"@qkdctl-test-{os.getpid()}") as manager:
        Notifier(manager.address, VirtualClock()).ready()
        assert manager.messages() == [{"READY": "1"}]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}])
def test_silent_in_a_terminal(environment: dict[str, str]) -> None:
    with capture_logs() as logs:
        Notifier.from_environment(environment, VirtualClock()).ready()
    assert logs == []


@pytest.mark.parametrize("address", ["notify", "vsock:2:1234", "/" + "x" * 107])
def test_an_impossible_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"NOTIFY_SOCKET is .*expected an absolute path or @name"):
        Notifier(address, VirtualClock())


def test_a_deaf_manager_is_logged_once_and_its_return_once(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    notifier = Notifier(address, VirtualClock())
    with capture_logs() as logs:
        notifier.watchdog()
        notifier.watchdog()
        with Manager(address) as manager:
            notifier.watchdog()
            notifier.watchdog()
            assert manager.messages() == [{"WATCHDOG": "1"}] * 2
    assert [line["log_level"] for line in logs] == ["warning", "info"]


def test_a_manager_that_does_not_read_blocks_nobody(manager: Manager, notifier: Notifier) -> None:
    with capture_logs() as logs:
        for _ in range(5000):
            notifier.watchdog()
    assert len(logs) == 1
    assert 0 < len(manager.messages()) < 5000
