"""Instruments with an HTTP/JSON interface, and what may befall their answers."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from hil_sim.endpoints.http_wire import HttpInstrument, HttpResponse


class JsonInstrument(HttpInstrument):
    """An instrument whose answers are JSON, or should be."""

    def __init__(self) -> None:
        """Healthy."""
        self._mishaps: deque[Callable[[HttpResponse], HttpResponse]] = deque()

    def power_cycle(self) -> None:
        """Forget mishaps that were to come; instruments add what else a restart changes."""
        self._mishaps.clear()

    def deform(self, response: HttpResponse) -> HttpResponse:
        """Let the oldest mishap that waits befall this response."""
        return self._mishaps.popleft()(response) if self._mishaps else response

    @property
    def disturbances(self) -> Mapping[str, Callable[[], None]]:
        """What may befall the next response."""
        return {
            "internal-error": lambda: self._mishaps.append(_internal_error),
            "wrong-json": lambda: self._mishaps.append(_wrong_json),
            "not-json": lambda: self._mishaps.append(_not_json),
            "truncate": lambda: self._mishaps.append(_truncated),
        }


def _internal_error(response: HttpResponse) -> HttpResponse:
    return replace(response, status=500, body=b'{"error":"internal error","expected":"","hint":"try again"}')


def _wrong_json(response: HttpResponse) -> HttpResponse:
    return replace(response, body=b'{"unexpected":[1,2,3]}')


def _not_json(response: HttpResponse) -> HttpResponse:
    return replace(response, body=b"<html><body>Bad gateway</body></html>")


def _truncated(response: HttpResponse) -> HttpResponse:
    return replace(response, cut_at=len(response.body) // 2)
