"""Every failure leaves as the same small document: what failed, what would have been right, what to do."""

import asyncio
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qkdctl.api.errors import FacadeError
from qkdctl.api.models import Problem

_log = structlog.get_logger("qkdctl.api")
_JSON_TYPE = "Content-Type: application/json"
_OPENAPI_HINT = "GET /v1/openapi.json lists paths, methods and shapes"

#: For the OpenAPI document: the failures every route can answer with.
RESPONSES: dict[int | str, dict[str, Any]] = {
    status.value: {"model": Problem, "description": status.phrase}
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.SERVICE_UNAVAILABLE,
    )
}


def problem(
    status: HTTPStatus, error: str, *, expected: str = "", hint: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """A reply that says why there is no other."""
    document = Problem(error=error, expected=expected, hint=hint)
    return JSONResponse(document.model_dump(), status_code=status, headers=headers)


def install_problem_handlers(app: FastAPI) -> None:
    """Turn the exceptions that routes raise on purpose into problem documents."""
    app.add_exception_handler(FacadeError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _no_route)


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FacadeError)
    return problem(error.status, error.error, expected=error.expected, hint=error.hint)


async def _malformed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return problem(HTTPStatus.BAD_REQUEST, "the body is no JSON document", hint=_OPENAPI_HINT)
    is_json = request.headers.get("content-type", "").startswith("application/json")
    if not is_json and any(item["loc"][0] == "body" for item in found):
        return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is not declared as JSON", expected=_JSON_TYPE)
    where = "; ".join(dict.fromkeys(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in found))
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, where, hint=_OPENAPI_HINT)


async def _no_route(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    return problem(
        status,
        f"{request.method} {request.url.path}: {status.phrase.lower()}",
        hint=_OPENAPI_HINT,
        headers=dict(error.headers or {}),
    )


class LastResort:
    """ASGI middleware: a defect in a route is logged once and answered as a problem; the daemon goes on.

    A request that is cancelled, because the daemon stops, is answered too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the request."""
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except asyncio.CancelledError:
            if started:
                scope["state"]["abort"]()
                return
            answer = problem(HTTPStatus.SERVICE_UNAVAILABLE, "the daemon stops; the request was cut short")
            await answer(scope, receive, send)
        except Exception as error:
            if started or scope["type"] != "http":
                raise
            where = f"{scope['method']} {scope['path']}"
            _log.exception("a request failed", request=where)
            answer = problem(
                HTTPStatus.INTERNAL_SERVER_ERROR,
                f"{where} failed inside the daemon ({type(error).__name__})",
                hint="the daemon's log has the details; the control loop is not affected",
            )
            await answer(scope, receive, send)
