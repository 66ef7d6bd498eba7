"""A key manager as something that an endpoint serves, with the mishaps that clients must survive."""

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from hil_sim.endpoints.http_wire import Application, HttpInstrument, HttpResponse
from hil_sim.kme.application import kme_application
from hil_sim.kme.identity import IdentityField
from hil_sim.kme.manager import KeyManager

_OVERSIZE_BYTES = 32 * 2**20

Mishap = Callable[[HttpResponse], HttpResponse]


class KmeService(HttpInstrument):
    """One key manager behind HTTPS.

    Attributes:
        manager: what it serves.
    """

    def __init__(self, manager: KeyManager, identity: IdentityField = "subject-cn") -> None:
        """Serve a manager; `identity` says where client certificates name the SAE."""
        self.manager = manager
        self._identity = identity
        self._mishaps: deque[Mishap] = deque()

    def application(self) -> Application:
        """The REST interface."""
        return kme_application(self.manager, self._identity)

    def power_cycle(self) -> None:
        """Keys survive, as managers keep them on disk."""
        self._mishaps.clear()

    def deform(self, response: HttpResponse) -> HttpResponse:
        """Let the oldest mishap that waits befall this response."""
        return self._mishaps.popleft()(response) if self._mishaps else response

    @property
    def disturbances(self) -> Mapping[str, Callable[[], None]]:
        """What may befall the next response; the request has been granted all the same."""
        return {name: partial(self._mishaps.append, mishap) for name, mishap in _MISHAPS.items()}


def _busy(response: HttpResponse) -> HttpResponse:
    return replace(response, status=503, body=json.dumps({"message": "the key manager is starting"}).encode())


def _internal_error(response: HttpResponse) -> HttpResponse:
    return replace(response, status=500, body=b"<html><body>Internal Server Error</body></html>")


def _wrong_json(response: HttpResponse) -> HttpResponse:
    return replace(response, body=b'{"unexpected":[1,2,3]}')


def _not_json(response: HttpResponse) -> HttpResponse:
    return replace(response, body=b"<html><body>Bad gateway</body></html>")


def _truncated(response: HttpResponse) -> HttpResponse:
    return replace(response, cut_at=len(response.body) // 2)


def _oversize(response: HttpResponse) -> HttpResponse:
    return replace(response, body=response.body + b" " * _OVERSIZE_BYTES)


_MISHAPS: Mapping[str, Mishap] = {
    "busy": _busy,
    "internal-error": _internal_error,
    "wrong-json": _wrong_json,
    "not-json": _not_json,
    "truncate": _truncated,
    "oversize": _oversize,
}
