"""Running a node as a process: store, API, service manager, signals, and the way out."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

import structlog

from qkdctl import exit_codes
from qkdctl.agreement.recovery import RecoveryError
from qkdctl.api.server import ApiServer
from qkdctl.api.settings import ApiSettings, api_settings
from qkdctl.bus.pairwise_hub import PairHub
from qkdctl.bus.settings import MqttSettings
from qkdctl.clock import Clock, RealClock
from qkdctl.config.load import load
from qkdctl.config.model import Config
from qkdctl.config.secrets import SecretError, read_secret
from qkdctl.config.types import SecretReference
from qkdctl.keys.base import KeySourceError
from qkdctl.logs import configure_logging
from qkdctl.node.agreeing import SUPERSEDED
from qkdctl.node.brokers import mqtt_settings
from qkdctl.node.connecting import network_side
from qkdctl.node.facade import Facade
from qkdctl.node.first_attempts import StartError
from qkdctl.node.health import complaints
from qkdctl.node.journal import LedgerJournal
from qkdctl.node.node import Node
from qkdctl.node.publishing import publishing
from qkdctl.node.reload import Reloader
from qkdctl.service import Notifier, Watchdog, signals, watchdog_timeout_s
from qkdctl.store.errors import StoreError
from qkdctl.store.store import open_store

log = structlog.get_logger(__name__)
_EXTENDED_S = 60.0
_OUTBOX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run.

    Attributes:
        path: main configuration file.
        others: of further nodes that run in this process, such as those of a demonstration.
        overrides: dotted key -> text, from flags.
        epochs: end after so many epochs; None runs until a signal comes.
        duration_s: end after this time; None runs until a signal comes.
    """

    path: Path
    others: tuple[Path, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    epochs: int | None = None
    duration_s: float | None = None


def run(options: RunOptions, environment: Mapping[str, str] | None = None) -> int:
    """Run a node in the foreground until it is told to stop.

    Returns:
        The exit code; see `qkdctl.exit_codes`.

    Raises:
        ConfigError: the configuration is wrong; nothing was touched.
    """
    environment = os.environ if environment is None else environment
    configs = [load(path, environment, options.overrides) for path in (options.path, *options.others)]
    config = configs[0]
    form = config.logging.format
    configure_logging(_automatic_form() if form == "auto" else form, config.logging.level)
    for warning in [warning for each in configs for warning in each.provenance.warnings]:
        log.warning("configuration", problem=warning.render())
    with asyncio.Runner() as runner:
        return runner.run(_serve_all(configs, options, environment, RealClock()))


@dataclass(frozen=True, slots=True)
class _Outside:
    """What the node's servers need, made before anything is opened: a mistake in it is one of the configuration."""

    api: ApiSettings
    mqtt: MqttSettings | None

    @classmethod
    def from_config(cls, config: Config, environment: Mapping[str, str]) -> "_Outside":
        """Build the settings.

        Raises:
            SecretError, ValueError: a secret is missing, or a listener would be open to everybody.
        """
        api = api_settings(config.api, lambda reference: _secret(reference, environment))
        return cls(api, None if config.mqtt is None else mqtt_settings(config.mqtt, environment))


@dataclass(frozen=True, slots=True)
class _Process:
    """What all nodes of this process share.

    Attributes:
        stop: set when all of them must end.
        reloads: called on SIGHUP.
        hub: carries messages between them.
        notifier: of the service manager; several nodes in one process have none.
    """

    options: RunOptions
    environment: Mapping[str, str]
    clock: Clock
    hub: PairHub
    notifier: Notifier
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    reloads: list[Callable[[str], None]] = field(default_factory=list)

    def reload(self) -> None:
        """A signal asks for it."""
        for reload in self.reloads:
            reload("signal")


async def _serve_all(
    configs: Sequence[Config], options: RunOptions, environment: Mapping[str, str], clock: Clock
) -> int:
    """Run all nodes until all have ended; the highest exit code tells what was wrong with one of them."""
    watched = environment if len(configs) == 1 else {}
    process = _Process(options, environment, clock, PairHub(clock), Notifier.from_environment(watched, clock))
    paths = (options.path, *options.others)
    with signals(process.stop, process.reload):
        nodes = [
            asyncio.create_task(_serve(config, path, process), name=config.node.name)
            for config, path in zip(configs, paths, strict=True)
        ]
        return max(await asyncio.gather(*nodes))


async def _serve(config: Config, path: Path, process: _Process) -> int:
    structlog.contextvars.bind_contextvars(node=config.node.name)
    environment, clock, notifier = process.environment, process.clock, process.notifier
    try:
        outside = _Outside.from_config(config, environment)
    except (SecretError, ValueError) as error:
        log.critical("configuration cannot be used", error=str(error))
        return exit_codes.CONFIG
    notifier.extend_timeout(config.node.drivers_start_timeout_s + _EXTENDED_S)
    try:
        async with AsyncExitStack() as stack:
            outbox_limit = config.mqtt.outbox_limit if config.mqtt is not None else _OUTBOX_LIMIT
            store = await stack.enter_async_context(
                open_store(config.node.state_directory, clock, outbox_capacity=outbox_limit)
            )
            side = network_side(config, environment, stack, process.hub)
            node = Node(config, store, await LedgerJournal.load(store), clock, side)
            return await _run_node(node, outside, path, process)
    except KeySourceError as error:
        log.critical("keys cannot be used", error=str(error))
        return exit_codes.CONFIG
    except RecoveryError as error:
        log.critical("cannot go on from what the state directory holds", error=str(error))
        return exit_codes.CONFIG
    except (StoreError, StartError, OSError) as error:
        log.critical("cannot start", error=str(error))
        refused = isinstance(error, PermissionError) or isinstance(error.__cause__, PermissionError)
        return exit_codes.PERMISSION if refused else exit_codes.UNAVAILABLE


async def _run_node(node: Node, outside: _Outside, path: Path, process: _Process) -> int:
    """Start, wait for the end, stop; the sources go dark first, everything else follows.

    However it ends, also by a mistake in what comes after the start, the node is stopped.
    """
    environment, notifier = process.environment, process.notifier
    stop = asyncio.Event()
    node.on_halt = stop.set
    reloader = Reloader(node, lambda: load(path, environment, process.options.overrides), notifier)
    process.reloads.append(reloader.request)
    server = ApiServer(Facade(node, reloader.reload), outside.api, node.clock)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(_background(_passed_on(process.stop, stop)))
        await server.start()
        stack.push_async_callback(server.stop)
        try:
            await _start_unless_stopped(node, stop)
            await stack.enter_async_context(publishing(node, outside.mqtt))
            await stack.enter_async_context(_background(_watch(node, environment, notifier)))
            await stack.enter_async_context(_background(_headlines(node, notifier)))
            if node.is_ready:
                notifier.ready()
                log.info("ready", devices=len(node.supervisors), links=len(node.links))
            await _until_end(node, process.options, stop)
        finally:
            notifier.stopping()
            log.info("stopping")
            failures = await node.stop()
    log.info("stopped", dark=not failures)
    if node.halted is not None:
        return exit_codes.CONFIG if node.halted.code == SUPERSEDED else exit_codes.FORK
    if node.is_broken:
        return exit_codes.SOFTWARE
    return exit_codes.FAILURE if failures else exit_codes.OK


async def _passed_on(first: asyncio.Event, then: asyncio.Event) -> None:
    await first.wait()
    then.set()


async def _start_unless_stopped(node: Node, stop: asyncio.Event) -> None:
    """Start the node; a signal that comes meanwhile ends the start, and the sources are made dark all the same."""
    starting = asyncio.create_task(node.start())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not starting.done():
        starting.cancel()
        await asyncio.wait({starting})
        return
    await starting


async def _until_end(node: Node, options: RunOptions, stop: asyncio.Event) -> None:
    """Until a signal, the duration, or the number of epochs."""
    deadline = None if options.duration_s is None else node.clock.monotonic() + options.duration_s
    last_epoch = None if options.epochs is None else node.epochs.epoch + options.epochs
    while not stop.is_set():
        if deadline is not None and node.clock.monotonic() >= deadline:
            return
        if last_epoch is not None and node.epochs.epoch >= last_epoch:
            return
        try:
            async with asyncio.timeout(0.1 if deadline or last_epoch else None):
                await stop.wait()
        except TimeoutError:
            continue


async def _watch(node: Node, environment: Mapping[str, str], notifier: Notifier) -> None:
    """Ping the service manager's watchdog while the node is healthy."""
    timeout_s = watchdog_timeout_s(environment, os.getpid())
    if timeout_s is not None:
        await Watchdog(notifier, node.clock, partial(complaints, node), timeout_s).run()


async def _headlines(node: Node, notifier: Notifier) -> None:
    """One line for `systemctl status`, once per epoch."""
    while True:
        up = sum(link.mode in ("running", "hold") for link in node.links.values())
        online = sum(supervisor.usable for supervisor in node.supervisors.values())
        alarms = sum(alarm.active for alarm in node.alarms.listed())
        notifier.status(
            f"epoch {node.epochs.epoch}, {up} of {len(node.links)} links up, "
            f"{online} of {len(node.supervisors)} devices online, {alarms} alarms"
        )
        await node.clock.sleep(node.config.node.epoch_s)


@asynccontextmanager
async def _background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run a coroutine while a block lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _automatic_form() -> Literal["console", "json"]:
    return "console" if sys.stderr.isatty() else "json"


def _secret(reference: SecretReference, environment: Mapping[str, str]) -> str:
    return read_secret(reference, environment).get_secret_value()
