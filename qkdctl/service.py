"""Being a good service: tells the service manager how it goes, pings its watchdog only when healthy, obeys signals.

The protocol is sd_notify(3): one datagram of KEY=VALUE lines on the socket named by NOTIFY_SOCKET. Without that
variable, as in a terminal, everything here is silent.
"""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

import structlog

from qkdctl.clock import Clock

Health = Callable[[], Sequence[str]]
"""What is wrong at this moment, one sentence each; nothing when healthy. Must return at once."""

SOCKET_PATH_MAX = 107
PROBES_PER_PING = 10
LAG_LIMIT_S = 1.0

log = structlog.get_logger(__name__)


class Notifier:
    """Sends the state of this process to the service manager. No method blocks, and none raises when nobody listens."""

    def __init__(self, address: str | None, clock: Clock) -> None:
        """Send to a socket: a path, "@name" in the abstract namespace, or None for nowhere.

        Raises:
            ValueError: when the address is none of these.
        """
        if address is not None and (address[:1] not in {"/", "@"} or len(os.fsencode(address)) > SOCKET_PATH_MAX):
            raise ValueError(
                f"NOTIFY_SOCKET is {address!r}, expected an absolute path or @name of at most {SOCKET_PATH_MAX} bytes; "
                "the service manager sets it, unset it when starting by hand"
            )
        self._target = None if address is None else address.replace("@", "\0", 1) if address[0] == "@" else address
        self._clock = clock
        self._heard = True
        self._headline = ""
        self._complaint = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], clock: Clock) -> Self:
        """Take the address from NOTIFY_SOCKET."""
        return cls(environment.get("NOTIFY_SOCKET") or None, clock)

    def ready(self) -> None:
        """Start-up or reload is complete: devices are supervised and the API answers."""
        self._send("READY=1")

    def status(self, headline: str) -> None:
        """Show one line in `systemctl status`; a standing complaint stays in front of it."""
        self._headline = headline
        self._send_status()

    def complain(self, complaint: str) -> None:
        """Put a complaint in front of the status line; an empty one withdraws it."""
        self._complaint = complaint
        self._send_status()

    def reloading(self) -> None:
        """The configuration is being read again; `ready` ends it. The clock must be that of the machine."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={round(self._clock.monotonic() * 1e6)}")

    def stopping(self) -> None:
        """Shutdown has begun; to be sent first, before the sources are made safe."""
        self._send("STOPPING=1")

    def watchdog(self) -> None:
        """Everything works. To be sent by `Watchdog` alone."""
        self._send("WATCHDOG=1")

    def extend_timeout(self, seconds: float) -> None:
        """Ask that start or stop may take at least this long from now."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    def _send_status(self) -> None:
        line = " | ".join(part for part in (self._complaint, self._headline) if part)
        self._send("STATUS=" + " ".join(line.split()))

    def _send(self, *fields: str) -> None:
        if self._target is None:
            return
        try:
            with socket.socket(
                socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            ) as sender:
                sender.sendto("\n".join(fields).encode(), self._target)
        except OSError as error:
            if self._heard:
                log.warning("service manager does not take notifications", address=self._target, error=str(error))
            self._heard = False
        else:
            if not self._heard:
                log.info("service manager takes notifications again", address=self._target)
            self._heard = True


def watchdog_timeout_s(environment: Mapping[str, str], pid: int) -> float | None:
    """How long the service manager waits for a ping, in seconds; None when it does not watch this process.

    Raises:
        ValueError: when WATCHDOG_USEC is not a positive number of microseconds.
    """
    usec = environment.get("WATCHDOG_USEC")
    if usec is None or environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    if not usec.isascii() or not usec.isdigit() or int(usec) == 0:
        raise ValueError(f"WATCHDOG_USEC is {usec!r}, expected a positive number of microseconds; set WatchdogSec=")
    return int(usec) / 1e6


class Watchdog:
    """Pings three times per time-out, but only as long as the daemon is healthy and its event loop turns.

    A timer that pings whatever happens proves nothing. When something is wrong the pings stop, the reason stands in the
    status line and the log, and the service manager restarts the daemon unless it recovers in time.
    """

    def __init__(
        self, notifier: Notifier, clock: Clock, health: Health, timeout_s: float, lag_limit_s: float = LAG_LIMIT_S
    ) -> None:
        """Watch over `health`; an event loop more than `lag_limit_s` late counts as unhealthy."""
        self._notifier = notifier
        self._clock = clock
        self._health = health
        self._interval_s = timeout_s / 3
        self._lag_limit_s = lag_limit_s
        self._healthy = True

    async def run(self) -> None:
        """Ping until cancelled; the first ping is sent at once."""
        lag_s = 0.0
        while True:
            self._judge(lag_s)
            lag_s = await self._worst_lag_s(self._clock.monotonic() + self._interval_s)

    async def _worst_lag_s(self, until: float) -> float:
        """By how many seconds the event loop was late, at worst, for a series of appointments until then."""
        worst = 0.0
        while (now := self._clock.monotonic()) < until:
            due = now + self._interval_s / PROBES_PER_PING
            await self._clock.sleep(due - now)
            worst = max(worst, self._clock.monotonic() - due)
        return worst

    def _judge(self, lag_s: float) -> None:
        complaints = list(self._health())
        if lag_s > self._lag_limit_s:
            complaints.append(f"event loop was {lag_s:.1f} s late, allowed {self._lag_limit_s:g} s")
        if complaints:
            self._withhold(f"watchdog not pinged: {'; '.join(complaints)}")
        else:
            self._ping()

    def _withhold(self, complaint: str) -> None:
        self._notifier.complain(complaint)
        if self._healthy:
            log.error(complaint)
        self._healthy = False

    def _ping(self) -> None:
        self._notifier.watchdog()
        if not self._healthy:
            self._notifier.complain("")
            log.info("watchdog pinged again")
        self._healthy = True


@contextmanager
def signals(stop: asyncio.Event, reload: Callable[[], object]) -> Iterator[None]:
    """Let SIGTERM and SIGINT set `stop`, and SIGHUP call `reload`, on the running loop of the main thread.

    A second SIGINT changes nothing: the way to the safe state is not cut short by impatience.
    """
    loop = asyncio.get_running_loop()
    actions: dict[signal.Signals, Callable[[], object]] = {
        signal.SIGTERM: stop.set,
        signal.SIGINT: stop.set,
        signal.SIGHUP: reload,
    }
    for number, action in actions.items():
        loop.add_signal_handler(number, action)
    try:
        yield
    finally:
        for number in actions:
            loop.remove_signal_handler(number)
