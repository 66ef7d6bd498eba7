"""`qkdctl sim mqtt-proxy`: a proxy in the foreground."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hil_sim.control import Handler, serve_control
from hil_sim.faults.mqtt_faults import MqttFault, MqttFaultKind
from hil_sim.faults.mqtt_proxy import MqttProxy
from hil_sim.foreground import stop_signals, until_stopped
from qkdctl.clock import RealClock

_LISTS = ("clients", "topics", "directions")


@dataclass(frozen=True, slots=True)
class ProxyService:
    """What to serve.

    Attributes:
        broker_host, broker_port: where the broker is.
        port: to listen on; 0 takes a free one.
        seed: of chance.
        control: unix socket on which faults are ordered.
    """

    broker_host: str
    broker_port: int
    port: int
    seed: int
    control: Path


def serve_proxy_until_stopped(
    service: ProxyService, *, as_json: bool, duration_s: float | None, show: Callable[[str], None]
) -> None:
    """Serve until SIGINT, SIGTERM, SIGHUP or the end of the duration.

    Raises:
        OSError: when the port or the path is taken.
    """
    asyncio.run(_serve(service, as_json, duration_s, show))


async def _serve(service: ProxyService, as_json: bool, duration_s: float | None, show: Callable[[str], None]) -> None:
    stopped = stop_signals()
    proxy = MqttProxy(service.broker_host, service.broker_port, RealClock(), service.seed, service.port)
    async with proxy:
        control = await serve_control(proxy_verbs(proxy), service.control)
        try:
            show(_document(proxy, service) if as_json else _text(proxy, service))
            await until_stopped(stopped, duration_s)
        finally:
            control.close()
            service.control.unlink(missing_ok=True)


def proxy_verbs(proxy: MqttProxy) -> dict[str, Handler]:
    """What may be asked of a proxy, for `hil_sim.control`.

    `{"verb": "fault", "kind": ..., ...}` with the attributes of `MqttFault`; `{"verb": "clear"}`, perhaps with a
    `kind`; `{"verb": "show"}`, whose reply has `faults`, `clients` and `counts`.
    """

    async def fault(request: Mapping[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {key: tuple(value) if key in _LISTS else value for key, value in request.items()}
        values["kind"] = MqttFaultKind(values["kind"])
        del values["verb"]
        proxy.fault(MqttFault(**values))
        return {}

    async def clear(request: Mapping[str, Any]) -> dict[str, Any]:
        proxy.clear(MqttFaultKind(request["kind"]) if "kind" in request else None)
        return {}

    async def show(_request: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "faults": [asdict(each) for each in proxy.faults],
            "clients": proxy.clients,
            "counts": {client: dict(sorted(counts.items())) for client, counts in sorted(proxy.counts.items())},
        }

    return {"fault": fault, "clear": clear, "show": show}


def _document(proxy: MqttProxy, service: ProxyService) -> str:
    broker = f"{service.broker_host}:{service.broker_port}"
    return json.dumps({"schema_version": 1, "port": proxy.port, "broker": broker, "control": str(service.control)})


def _text(proxy: MqttProxy, service: ProxyService) -> str:
    return (
        f"127.0.0.1:{proxy.port} leads to {service.broker_host}:{service.broker_port}\n"
        f"faults: qkdctl sim mqtt-fault KIND --control {service.control}"
    )
