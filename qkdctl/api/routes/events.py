"""Live events."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header
from starlette.responses import Response

from qkdctl.api.callers import Reader
from qkdctl.api.hub import EventHub
from qkdctl.api.problems import problem
from qkdctl.api.stream import EventStream
from qkdctl.clock import Clock

_STREAM: dict[int | str, dict[str, Any]] = {
    HTTPStatus.OK.value: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


def events_router(hub: EventHub, clock: Clock) -> APIRouter:
    """The event stream."""
    router = APIRouter(prefix="/v1", tags=["events"])

    @router.get("/events", response_class=Response, responses=_STREAM)
    async def events(_: Reader, last_event_id: Annotated[str | None, Header()] = None) -> Response:
        """Server-sent events: `snapshot` with the status, then `update` with what changed, at most 2 per second."""
        if not hub.is_open:
            return problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "there are no live events", hint="GET /v1/status still answers"
            )
        if hub.is_full:
            return problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "too many event streams are open", hint="close some, or GET /v1/status"
            )
        return EventStream(hub, clock, last_event_id)

    return router
