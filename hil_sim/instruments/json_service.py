"""What simulated instruments with an HTTP/JSON interface have in common: strict bodies and one form of refusal."""

from typing import Any, Protocol, runtime_checkable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException


class Message(BaseModel):
    """A body of an interface; types are not converted into each other and unknown keys are errors."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Refusal(Message):
    """What every error answers."""

    error: str
    expected: str
    hint: str


@runtime_checkable
class Refused(Protocol):
    """An error of an instrument that says what is wrong, what would be right, and what to do."""

    error: str
    expected: str
    hint: str


def json_service(title: str, version: str, description: str, refused: type[Exception]) -> FastAPI:
    """An application without paths, all of whose errors have the same three keys.

    Args:
        title: of the interface.
        version: of the interface, `major.minor`.
        description: one sentence.
        refused: what the instrument raises for a request that it understands and does not grant, a `Refused`: 409.
    """
    app = FastAPI(
        title=title,
        version=version,
        description=description,
        responses={
            409: {"model": Refusal, "description": "not possible in the present state, or ever"},
            422: {"model": Refusal, "description": "a body or parameter of the wrong type"},
        },
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
    )

    async def answer_refused(_: Request, refusal: Exception) -> JSONResponse:
        assert isinstance(refusal, Refused), "registered for such"
        return _refuse(409, refusal.error, refusal.expected, refusal.hint)

    handlers: dict[type[Exception], Any] = {
        refused: answer_refused,
        RequestValidationError: _answer_invalid,
        HTTPException: _answer_failed,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
    return app


async def _answer_invalid(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, RequestValidationError), "registered for this class"
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or first["loc"][0]
    return _refuse(422, f"{where}: {first['msg']}", "see /openapi.json", "send JSON of the documented types")


async def _answer_failed(request: Request, failure: Exception) -> JSONResponse:
    assert isinstance(failure, HTTPException), "registered for this class"
    return _refuse(
        failure.status_code,
        f"{failure.detail}: {request.method} {request.url.path}",
        "one of the paths in /openapi.json",
        "check path and method",
    )


def _refuse(status: int, error: str, expected: str, hint: str) -> JSONResponse:
    return JSONResponse(Refusal(error=error, expected=expected, hint=hint).model_dump(), status_code=status)
