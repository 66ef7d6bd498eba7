"""Logs: nothing secret in any form, priorities for the journal, an outage once."""

import io
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog

from qkdctl.clock import VirtualClock
from qkdctl.logs import LogFormat, Outage, configure_logging, leads_to_journal

CANARY = "c4n4ry-8f2e"


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level, before = root.handlers, root.level, structlog.get_config()
    yield
    root.handlers = handlers
    root.setLevel(level)
    for package in ("qkdctl", "qkdctl_drivers", "hil_sim"):
        logging.getLogger(package).setLevel(logging.NOTSET)
    structlog.configure(**before)


@dataclass(frozen=True)
class Carrier:
    """An object whose text shows a secret."""

    url: str = f"http://user:{CANARY}@host/"


PLANTED: dict[str, dict[str, Any]] = {
    "password of a URL": {"address": f"mqtt://user:{CANARY}@broker:1883/x"},
    "user of a URL": {"address": f"https://{CANARY}@broker/x"},
    "query of a URL": {"url": f"http://host/p?token={CANARY}&x=1"},
    "header": {"headers": {"Authorization": f"Bearer {CANARY}"}},
    "header in a text": {"request": f"GET / HTTP/1.1\r\nAuthorization: Basic {CANARY}\r\nHost: h"},
    "cookie in a text": {"request": f"Set-Cookie: session={CANARY}; HttpOnly"},
    "header in the text of a mapping": {"request": str({"Authorization": f"Bearer {CANARY}"})},
    "key": {"password": CANARY},
    "nested key": {"configuration": {"mqtt": [{"host": "h", "api_key": CANARY}]}},
    "list under a key": {"tokens": [CANARY]},
    "assignment in a text": {"line": f'password = "{CANARY} with spaces"'},
    "JSON in a text": {"body": json.dumps({"secret": CANARY})},
    "bytes": {"sent": b"token=" + CANARY.encode()},
    "object": {"session": Carrier()},
    "objects in a tuple": {"sessions": (Carrier(),)},
    "private key": {"pem": f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----"},
}


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_no_planted_secret_reaches_the_log(form: LogFormat, planted: dict[str, Any]) -> None:
    stream = io.StringIO()
    configure_logging(form, stream=stream)
    structlog.get_logger("qkdctl.test").info("connected", device="voa", **planted)
    text = stream.getvalue()
    assert "connected" in text
    assert "voa" in text
    assert "[redacted]" in text
    assert CANARY not in text


def fail() -> None:
    raise ConnectionError(f"cannot open mqtt://user:{CANARY}@broker with token={CANARY}")


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_reaches_the_log_through_an_exception(form: LogFormat) -> None:
    stream = io.StringIO()
    configure_logging(form, stream=stream)
    try:
        fail()
    except ConnectionError:
        structlog.get_logger("qkdctl.test").exception("failed")
        logging.getLogger("somebody.else").exception("failed %s", f"http://u:{CANARY}@h")
    text = stream.getvalue()
    assert text.count("ConnectionError") >= 2
    assert CANARY not in text


def test_what_is_no_secret_stays() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    facts = {"secret_key_bits": 1200, "password_file": "/run/credentials/mqtt", "qber": 0.02, "tokens_left": None}
    structlog.get_logger("qkdctl.test").warning("epoch %d", 7, **facts)
    event = json.loads(stream.getvalue())
    assert facts.items() <= event.items()
    assert (event["event"], event["level"], event["logger"]) == ("epoch 7", "warning", "qkdctl.test")


def test_levels_of_this_software_and_of_libraries() -> None:
    stream = io.StringIO()
    configure_logging("json", "debug", stream=stream)
    structlog.get_logger("qkdctl.test").debug("ours")
    logging.getLogger("library").info("theirs")
    configure_logging("json", "error", stream=stream)
    structlog.get_logger("qkdctl.test").warning("too low")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["ours"]


def test_lines_for_the_journal_begin_with_their_priority(tmp_path: Path) -> None:
    with (tmp_path / "journal").open("w+") as stream:
        status = os.fstat(stream.fileno())
        environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        configure_logging("console", stream=stream, environment=environment)
        log = structlog.get_logger("qkdctl.test")
        log.info("hello")
        log.error("two\nlines")
        stream.seek(0)
        lines = stream.read().splitlines()
    assert [line[:3] for line in lines] == ["<6>", "<3>", "<3>"]


@pytest.mark.parametrize("value", [None, "", "1", "1:2", "a:b"])
def test_a_stream_that_does_not_lead_to_the_journal(tmp_path: Path, value: str | None) -> None:
    with (tmp_path / "log").open("w") as stream:
        assert not leads_to_journal(stream, {} if value is None else {"JOURNAL_STREAM": value})
    assert not leads_to_journal(io.StringIO(), {"JOURNAL_STREAM": "1:2"})


@pytest.mark.asyncio
async def test_an_outage_is_logged_once_and_its_end_once() -> None:
    clock = VirtualClock()
    with structlog.testing.capture_logs() as events:
        outage = Outage(structlog.get_logger("qkdctl.test"), "MQTT broker", clock)
        outage.recovered()
        for _ in range(3):
            outage.failed(ConnectionRefusedError("refused"), host="h")
            await clock.advance(2)
        assert outage.lasts
        outage.recovered()
        outage.recovered()
    assert not outage.lasts
    assert events == [
        {"event": "unavailable", "what": "MQTT broker", "error": "refused", "host": "h", "log_level": "warning"},
        {"event": "back", "what": "MQTT broker", "after_s": 6.0, "failures": 3, "log_level": "info"},
    ]


def test_nothing_here_is_logged_with_drawn_tracebacks() -> None:
    assert not any(isinstance(step, structlog.dev.ConsoleRenderer) for step in structlog.get_config()["processors"])


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exception_is_plain_text_of_moderate_length(form: LogFormat) -> None:
    stream = io.StringIO()
    configure_logging(form, stream=stream)
    local = "not to be shown"
    try:
        int(local[:0])
    except ValueError:
        structlog.get_logger("qkdctl.test").exception("failed")
    assert "ValueError: invalid literal" in stream.getvalue()
    assert local not in stream.getvalue()
    assert "│" not in stream.getvalue()
