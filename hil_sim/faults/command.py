"""`qkdctl sim mqtt-proxy` and `qkdctl sim mqtt-fault`."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from hil_sim.ordering import UNAVAILABLE, fail, order, runtime_socket

_USAGE = 2
_MOST_PORT = 65_535

ControlOption = Annotated[
    Path | None,
    typer.Option("--control", metavar="PATH", help="Unix socket for 'qkdctl sim mqtt-fault'; one per user by default."),
]


class Order(StrEnum):
    """What may be ordered of a proxy: kinds of faults, their end, and a look at how things stand."""

    DROP = "drop"
    DELAY = "delay"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    PARTITION = "partition"
    STALL = "stall"
    CUT = "cut"
    CLEAR = "clear"
    SHOW = "show"


class Way(StrEnum):
    """Directions: from the client to the broker, and back."""

    UP = "up"
    DOWN = "down"


def mqtt_proxy(
    broker: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Where the broker is; without TLS.")],
    *,
    port: Annotated[int, typer.Option(min=0, max=_MOST_PORT, metavar="PORT", help="To listen on; 0: a free one.")] = 0,
    seed: Annotated[int, typer.Option(metavar="N", help="Fixes which messages are struck.")] = 0,
    duration: Annotated[
        float | None, typer.Option(min=0.0, metavar="SECONDS", help="Stop after so many seconds.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    control: ControlOption = None,
) -> None:
    """Stand between MQTT clients and their broker, and let things go wrong on demand, until Ctrl-C.

    What is printed says where clients connect and where faults are ordered; it comes once the port is open.

    For example:

      qkdctl sim mqtt-proxy 127.0.0.1:1883 --port 1884

      qkdctl sim mqtt-fault delay --delay 0.2 --jitter 0.2
    """
    from hil_sim.faults.mqtt_serve import ProxyService, serve_proxy_until_stopped  # noqa: PLC0415 -- off the fast path

    host, port_of_broker = _address(broker)
    service = ProxyService(host, port_of_broker, port, seed, control or runtime_socket("mqtt-proxy"))
    try:
        serve_proxy_until_stopped(service, as_json=as_json, duration_s=duration, show=typer.echo)
    except BrokenPipeError:
        raise  # whoever read the address went away
    except OSError as error:
        fail(f"cannot serve: {error.strerror or error}", "", UNAVAILABLE)


def mqtt_fault(
    kind: Annotated[Order, typer.Argument(metavar="KIND", help=", ".join(Order))],
    *,
    share: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Of the messages that drop, duplicate and reorder strike.")
    ] = None,
    delay: Annotated[float | None, typer.Option(min=0.0, metavar="SECONDS", help="Of delay and reorder.")] = None,
    jitter: Annotated[float | None, typer.Option(min=0.0, metavar="SECONDS", help="Up to so much more.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0.0, help="How long; else until clear.")] = None,
    client: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only clients of that id; '*' stands for anything.")
    ] = None,
    topic: Annotated[
        list[str] | None, typer.Option(metavar="FILTER", help="Only topics that the filter takes.")
    ] = None,
    direction: Annotated[
        list[Way] | None, typer.Option(help="Only to the broker, or only from it; else both ways.")
    ] = None,
    every_qos: Annotated[bool, typer.Option("--every-qos", help="Let drop strike acknowledged messages too.")] = False,
    control: ControlOption = None,
) -> None:
    """Let something go wrong at a running 'qkdctl sim mqtt-proxy', end it (clear), or see how things stand (show).

    Options that may be given more than once add up. A clear ends everything.

    For example:

      qkdctl sim mqtt-fault drop --share 0.2

      qkdctl sim mqtt-fault partition --topic 'qkdctl/+/pair/alice/bob' --seconds 30

      qkdctl sim mqtt-fault cut --client 'qkdctl-alice*'
    """
    options: dict[str, Any] = {
        "share": share,
        "delay_s": delay,
        "jitter_s": jitter,
        "seconds": seconds,
        "clients": client,
        "topics": topic,
        "directions": direction,
        "every_qos": every_qos or None,
    }
    given = {key: value for key, value in options.items() if value is not None}
    if kind in (Order.CLEAR, Order.SHOW):
        if given:
            fail(f"'{kind}' takes no options but --control", "", _USAGE)
        request: dict[str, Any] = {"verb": kind.value}
    else:
        request = {"verb": "fault", "kind": kind.value, **given}
    reply = order(control or runtime_socket("mqtt-proxy"), request, "qkdctl sim mqtt-proxy")
    if kind is Order.SHOW:
        typer.echo(json.dumps({"schema_version": 1, **{key: value for key, value in reply.items() if key != "ok"}}))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) <= _MOST_PORT:
        fail(f"{text!r} is no address of a broker", "write it as 127.0.0.1:1883", _USAGE)
    return host.strip("[]"), int(port)
