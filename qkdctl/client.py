"""A blocking client of a running daemon, for the command line and for scripts; standard library only."""

import http.client
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

Json: TypeAlias = dict[str, Any]
Value: TypeAlias = bool | int | float | str

SYSTEM_SOCKET = Path("/run/qkdctl/qkdctl.sock")
_LONG_ACTION_S = 300.0
#: The daemon says something at least every 10 s; silence for three times as long means it is gone.
_SILENCE_S = 30.0


class ClientError(Exception):
    """A request without the answer that was asked for.

    Attributes:
        hint: what to do; "" when there is nothing to suggest.
    """

    def __init__(self, error: str, hint: str = "") -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint


class UnreachableError(ClientError):
    """No daemon answers on the socket.

    Attributes:
        absent: True when certainly no daemon listens there: no socket, or one that a dead daemon left behind.
    """

    def __init__(self, error: str, hint: str = "", *, absent: bool = False) -> None:
        super().__init__(error, hint)
        self.absent = absent


class RefusedError(ClientError):
    """The daemon answered, and the answer is no.

    Attributes:
        status: HTTP status.
        expected: what would have been right; "" when the daemon does not say.
    """

    def __init__(self, status: int, error: str, expected: str = "", hint: str = "") -> None:
        super().__init__(error, hint)
        self.status = status
        self.expected = expected


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event.

    Attributes:
        id: pass it to `Client.events` to go on from here.
        kind: `snapshot` (data is the status), `update` (data has `changes`) or `beat` (nothing new, data is empty).
        data: the document.
    """

    id: str
    kind: str
    data: Json


def default_socket() -> Path:
    """Where the daemon listens unless its configuration says otherwise; QKDCTL_SOCKET names another place."""
    return Path(os.environ.get("QKDCTL_SOCKET") or SYSTEM_SOCKET)


class Client:
    """Speaks HTTP over the control socket; every request is a connection of its own.

    Args:
        path: control socket; the default one when None.
        timeout_s: longest wait for an answer; actions that move fibres and light may take up to 300 s all the same.

    Every method raises `UnreachableError` when no daemon answers and `RefusedError` when it says no.
    """

    def __init__(self, path: Path | None = None, timeout_s: float = 5.0) -> None:
        self.path = path if path is not None else default_socket()
        self.timeout_s = timeout_s

    def status(self) -> Json:
        """The whole node at one glance."""
        return self.request("GET", "/v1/status")

    def devices(self) -> list[Json]:
        """All devices with their last values."""
        return list(self.request("GET", "/v1/devices")["devices"])

    def device(self, name: str) -> Json:
        """One device."""
        return self.request("GET", f"/v1/devices/{_segment(name)}")

    def links(self) -> list[Json]:
        """All links with their last measurements."""
        return list(self.request("GET", "/v1/links")["links"])

    def link(self, name: str) -> Json:
        """One link."""
        return self.request("GET", f"/v1/links/{_segment(name)}")

    def history(self, link: str, limit: int = 200) -> list[Json]:
        """The last epochs of a link, oldest first."""
        return list(self.request("GET", f"/v1/links/{_segment(link)}/history?limit={limit}")["epochs"])

    def ledger(self, after: int = -1, limit: int = 100, *, reports: bool = False) -> Json:
        """Ledger entries above a sequence number, and the head; if wanted, with the reports that decisions count."""
        return self.request("GET", f"/v1/ledger?after={after}&limit={limit}" + ("&reports=true" if reports else ""))

    def agreement(self) -> Json:
        """How the agreement with the other nodes stands."""
        return self.request("GET", "/v1/agreement")

    def weights(self, history: int = 0) -> Json:
        """What each node's word weighs and why; if wanted, over so many epochs."""
        return self.request("GET", f"/v1/agreement/weights?history={history}")

    def evidence(self, epoch: int | None = None) -> Json:
        """What the nodes claimed in an epoch, by default the last, and what was concluded."""
        return self.request("GET", "/v1/agreement/evidence" + ("" if epoch is None else f"?epoch={epoch}"))

    def acts(self) -> Json:
        """Acts that need the word of several operators."""
        return self.request("GET", "/v1/acts")

    def file_act(self, act: Json) -> Json:
        """Want an act, given as its kind and what belongs to it, and approve it."""
        return self.request("POST", "/v1/acts", {"act": act})

    def approve_act(self, number: int) -> Json:
        """Stand by an open act."""
        return self.request("POST", f"/v1/acts/{number}/approve")

    def withdraw_act(self) -> Json:
        """Take back the act that was filed at this node."""
        return self.request("POST", "/v1/acts/withdraw")

    def policies(self) -> Json:
        """What decides, and which policies are at the node."""
        return self.request("GET", "/v1/policies")

    def policy_content(self, policy: str) -> Json:
        """A policy file as base64, with its manifest."""
        return self.request("GET", f"/v1/policies/{_segment(policy)}")

    def stage_policy(self, data: str, name: str, manifest: str = "") -> Json:
        """Have a policy file, given as base64, taken in and vetted."""
        return self.request("POST", "/v1/policies", {"data": data, "name": name, "manifest": manifest}, long=True)

    def shadow_policy(self, policy: str, *, watch: bool = True) -> Json:
        """Have a policy propose in every epoch without effect, or no longer."""
        return self.request("POST" if watch else "DELETE", f"/v1/policies/{_segment(policy)}/shadow")

    def canary_policy(self, policy: str, links: list[str], until: int, base: str = "") -> Json:
        """Have a combination put at hand: a policy on some links, another one on all others."""
        body: Json = {"links": links, "until": until, "base": base}
        return self.request("POST", f"/v1/policies/{_segment(policy)}/canary", body)

    def activate_policy(self, policy: str) -> Json:
        """Want the act that activates a policy, and approve it."""
        return self.request("POST", f"/v1/policies/{_segment(policy)}/activate")

    def rollback_policy(self) -> Json:
        """Want the act that activates the policy that was in force before."""
        return self.request("POST", "/v1/policies/rollback")

    def routes(self) -> Json:
        """Over which nodes keys travel for each demand, and whether this node's router serves them."""
        return self.request("GET", "/v1/routes")

    def configuration(self) -> list[Json]:
        """Every effective value with its source; secrets are redacted."""
        return list(self.request("GET", "/v1/configuration")["values"])

    def alarms(self) -> list[Json]:
        """Alarms that are raised or not yet acknowledged."""
        return list(self.request("GET", "/v1/alarms")["alarms"])

    def metrics(self) -> str:
        """Prometheus text."""
        status, body = self._exchange("GET", "/metrics", None, self.timeout_s)
        if status != http.client.OK:
            raise _refusal(status, body)
        return body.decode()

    def set_attribute(self, device: str, attribute: str, value: Value, *, dry_run: bool = False) -> Json:
        """Set one attribute and read it back; with `dry_run` only say what would happen."""
        path = f"/v1/devices/{_segment(device)}/attributes/{_segment(attribute)}"
        return self.request("PUT", path, {"value": value, "dry_run": dry_run}, long=True)

    def link_action(self, link: str, action: str) -> Json:
        """Do one of hold, safe, resume, calibrate, realign to a link."""
        return self.request("POST", f"/v1/links/{_segment(link)}/{_segment(action)}", long=True)

    def acknowledge_alarm(self, alarm: str) -> Json:
        """Note that somebody has seen an alarm."""
        return self.request("POST", f"/v1/alarms/{_segment(alarm)}/acknowledge")

    def safe_all(self) -> Json:
        """Make every source dark and keep all links safe."""
        return self.request("POST", "/v1/safe", long=True)

    def reload(self) -> Json:
        """Have the configuration read again."""
        return self.request("POST", "/v1/reload", long=True)

    def request(self, method: str, path: str, body: Json | None = None, *, long: bool = False) -> Json:
        """The document that answers one request; with `long` it may take as long as instruments do."""
        timeout_s = self.timeout_s
        if long:
            self.wait_for_life()
            timeout_s = max(timeout_s, _LONG_ACTION_S)
        status, answer = self._exchange(method, path, body, timeout_s)
        if status >= http.client.BAD_REQUEST:
            raise _refusal(status, answer)
        document = _parse(answer)
        if document is None:
            raise RefusedError(status, f"{method} {path}: the answer is no JSON object", hint=_FOREIGN_HINT)
        return document

    def wait_for_life(self) -> None:
        """Return when the daemon answers at all, healthy or not: a frozen one is not waited for as a slow one is."""
        self._exchange("GET", "/health/live", None, self.timeout_s)

    def events(self, last_event_id: str | None = None) -> Iterator[StreamEvent]:
        """Live events until the daemon ends the stream or stops answering.

        Args:
            last_event_id: go on after this event; without it, or after a restart of the daemon, a snapshot comes first.

        Raises:
            UnreachableError: no daemon, or nothing was heard from it for 30 s.
        """
        headers = {"Accept": "text/event-stream"}
        if last_event_id is not None:
            headers["Last-Event-ID"] = last_event_id
        connection = _UnixConnection(self.path, _SILENCE_S)
        try:
            connection.request("GET", "/v1/events", headers=headers)
            response = connection.getresponse()
            if response.status != http.client.OK:
                raise _refusal(response.status, response.read())
            yield from _events(response)
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.path, error) from error
        finally:
            connection.close()

    def _exchange(self, method: str, path: str, body: Json | None, timeout_s: float) -> tuple[int, bytes]:
        headers = {"Connection": "close"} | ({"Content-Type": "application/json"} if body is not None else {})
        connection = _UnixConnection(self.path, timeout_s)
        try:
            connection.request(method, path, None if body is None else json.dumps(body, allow_nan=False), headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _unreachable(self.path, error) from error
        finally:
            connection.close()


def apply_changes(status: Json, changes: list[Json]) -> Json:
    """The status after an update: entries of that name are replaced, added, or removed when their value is null."""
    document = dict(status)
    for change in changes:
        part, name, value = change["part"], change["name"], change["value"]
        if part == "node":
            document.update(value)
        elif part in {"devices", "links", "alarms"}:
            document[part] = _replaced(document[part], "id" if part == "alarms" else "name", name, value)
        else:
            document[part] = value
    return document


_FOREIGN_HINT = "is something else than qkdctl listening on this socket?"


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout_s: float) -> None:
        super().__init__("localhost", timeout=timeout_s)
        self._path = path
        self._timeout_s = timeout_s

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._timeout_s)
        self.sock.connect(str(self._path))


def _events(response: http.client.HTTPResponse) -> Iterator[StreamEvent]:
    fields: dict[str, str] = {}
    identity = ""
    for raw in response:
        line = raw.decode().rstrip("\r\n")
        if line.startswith(":"):
            fields["event"] = "beat"
        elif line:
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            identity = fields.get("id", identity)
            yield StreamEvent(identity, fields.get("event", "message"), json.loads(fields.get("data", "{}")))
            fields = {}


def _replaced(entries: list[Json], key: str, name: str, value: Json | None) -> list[Json]:
    if value is None:
        return [entry for entry in entries if entry[key] != name]
    if all(entry[key] != name for entry in entries):
        return [*entries, value]
    return [value if entry[key] == name else entry for entry in entries]


def _segment(name: str) -> str:
    return quote(name, safe="")


def _parse(answer: bytes) -> Json | None:
    try:
        document = json.loads(answer)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _refusal(status: int, answer: bytes) -> RefusedError:
    document = _parse(answer)
    if document is None or not isinstance(document.get("error"), str):
        return RefusedError(status, f"HTTP status {status} without a reason", hint=_FOREIGN_HINT)
    return RefusedError(status, document["error"], str(document.get("expected", "")), str(document.get("hint", "")))


def _unreachable(path: Path, error: Exception) -> UnreachableError:
    if path.exists() and not path.is_socket():
        return UnreachableError(
            f"no daemon: {path} is no socket", "name its socket with --socket, or its configuration with --config"
        )
    if isinstance(error, FileNotFoundError):
        return UnreachableError(
            f"no daemon: there is no socket {path}",
            "start it with 'qkdctl run', or name its configuration with --config or its socket with --socket",
            absent=True,
        )
    if isinstance(error, ConnectionRefusedError):
        return UnreachableError(
            f"no daemon answers on {path}; a daemon that died left the socket behind",
            "start it again with 'qkdctl run' or 'systemctl start qkdctl'",
            absent=True,
        )
    if isinstance(error, PermissionError):
        return UnreachableError(
            f"you may not open {path}", "join the group that owns the socket ('ls -l' shows it), then log in again"
        )
    if isinstance(error, TimeoutError):
        return UnreachableError(
            f"the daemon on {path} does not answer in time", "'systemctl status qkdctl' and the log tell what it does"
        )
    return UnreachableError(f"the daemon on {path} broke off: {error or type(error).__name__}", "try again")
