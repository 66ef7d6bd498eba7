"""How orders of operators end: a document that says what was done, or a refusal in the terms of the API."""

from collections.abc import Awaitable
from typing import Any

from qkdctl.abft.acts import ActError
from qkdctl.actuation.roles import NotReadyError
from qkdctl.api.errors import ConflictError, InvalidValueError, UnavailableError
from qkdctl.api.facade import Json
from qkdctl.devices.errors import DeviceError, OutOfRangeError
from qkdctl.store.errors import StoreError

SCHEMA = 1


def done(subject: str, text: str, details: Json | None = None) -> Json:
    """What was done (`models.ActionResult`).

    Args:
        subject: link, alarm, act, or "node".
        text: a sentence for people.
        details: for programs.
    """
    return {"schema_version": SCHEMA, "subject": subject, "text": text, "details": details or {}}


async def translated(work: Awaitable[Any]) -> Any:
    """Run something that moves instruments or writes; its failures become those of the API.

    Raises:
        InvalidValueError: a value is out of its range.
        ConflictError: it does not go with the state that things are in.
        UnavailableError: a device or the disk does not do it.
    """
    try:
        return await work
    except OutOfRangeError as error:
        raise InvalidValueError(str(error)) from error
    except (NotReadyError, ActError) as error:
        raise ConflictError(str(error)) from error
    except (DeviceError, StoreError) as error:
        raise UnavailableError(str(error)) from error
