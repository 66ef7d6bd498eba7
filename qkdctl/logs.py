"""Logging of the daemon: one line per event, nothing secret in it, an outage once and its end once."""

import logging
import os
import re
import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO, TypeAlias

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from qkdctl.clock import Clock
from qkdctl.config.redaction import REDACTED, names_secret, redact_text

LogFormat: TypeAlias = Literal["console", "json"]

_OWN_PACKAGES = ("qkdctl", "qkdctl_drivers", "hil_sim")
_JOURNAL_PRIORITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
_META = ("_record", "_from_structlog")
_HEADER_KEY = re.compile(r"(?i)^(?:proxy-)?(?:authorization|(?:set-)?cookie)$")
_HEADER = re.compile(r"(?im)\b((?:proxy-)?authorization|(?:set-)?cookie)(['\"]?\s*[:=]\s*['\"]?)[^\r\n'\"]+")
_ASSIGNED = re.compile(
    r"(?i)((?:password|passwd|passphrase|secret|token|api_?key|private_?key)['\"]?\s*(?::|=)\s*)"
    r"(\"[^\"]*\"|'[^']*'|[^\s,;&})\]]+)"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_PEM = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def configure_logging(
    form: LogFormat, level: str = "info", stream: TextIO | None = None, environment: Mapping[str, str] = os.environ
) -> None:
    """Send the events of this software and of its libraries to one stream.

    Args:
        form: `console` for people, `json` for machines.
        level: debug, info, warning, error or critical; libraries say nothing below warning.
        stream: standard error when None.
        environment: where systemd says whether the stream leads to its journal; lines then begin with a priority.
    """
    target = sys.stderr if stream is None else stream
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        # Exceptions become text here, before redaction: a renderer that formats them itself would show what they quote.
        structlog.processors.format_exc_info,
        redact_event,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(default=str)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=target.isatty(), exception_formatter=structlog.dev.plain_traceback)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _PriorityPrefix(renderer) if leads_to_journal(target, environment) else renderer,
        ],
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for package in _OWN_PACKAGES:
        logging.getLogger(package).setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def leads_to_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether systemd's journal reads this stream: device and inode are those of JOURNAL_STREAM."""
    device, _, inode = environment.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
        return (status.st_dev, status.st_ino) == (int(device), int(inode))
    except (OSError, ValueError):
        return False


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor that takes secrets out of every value, however deep it lies, and out of every text."""
    return {key: value if key in _META else redact_logged(key, value) for key, value in event.items()}


def redact_logged(key: object, value: Any) -> Any:
    """A value as it may be logged under this key.

    Objects other than numbers and containers become text first, so that nothing is hidden in a `repr` that a renderer
    would make later.
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if names_secret(key) or (isinstance(key, str) and _HEADER_KEY.match(key)):
        return REDACTED
    if isinstance(value, Mapping):
        return {name: redact_logged(name, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_logged(key, inner) for inner in value]
    if isinstance(value, bytes | bytearray):
        return redact_line(repr(bytes(value)))
    return redact_line(value if isinstance(value, str) else str(value))


def redact_line(text: str) -> str:
    """A text without user names and passwords of URLs, tokens, header values, assigned passwords and private keys."""
    text = _PEM.sub(REDACTED, text)
    text = _HEADER.sub(rf"\1\2{REDACTED}", text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    return _ASSIGNED.sub(rf"\1{REDACTED}", redact_text(text))


class Outage:
    """Logs that something is unavailable once, and once that it is back.

    Args:
        logger: where to.
        what: subject of both events.
        clock: measures how long it lasted.
    """

    def __init__(self, logger: Any, what: str, clock: Clock) -> None:
        self._logger = logger
        self._what = what
        self._clock = clock
        self._since: float | None = None
        self._failures = 0

    @property
    def lasts(self) -> bool:
        """Whether it is unavailable now."""
        return self._since is not None

    def failed(self, error: object, **context: Any) -> None:
        """Note a failure; only the first of an outage is logged."""
        self._failures += 1
        if self._since is None:
            self._since = self._clock.monotonic()
            self._logger.warning("unavailable", what=self._what, error=str(error), **context)

    def recovered(self, **context: Any) -> None:
        """Note that it works; logged when there was an outage."""
        if self._since is None:
            return
        seconds = round(self._clock.monotonic() - self._since, 3)
        self._logger.info("back", what=self._what, after_s=seconds, failures=self._failures, **context)
        self._since, self._failures = None, 0


class _PriorityPrefix:
    """Begins every line with its priority, which the journal takes off; without it all lines would have the same."""

    def __init__(self, renderer: Processor) -> None:
        self._renderer = renderer

    def __call__(self, logger: WrappedLogger, method: str, event: EventDict) -> str:
        prefix = f"<{_JOURNAL_PRIORITIES.get(str(event.get('level')), 6)}>"
        rendered = str(self._renderer(logger, method, event))
        return "\n".join(prefix + line for line in rendered.splitlines())
