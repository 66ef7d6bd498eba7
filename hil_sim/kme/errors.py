"""Why a key manager refuses a request, by cause; each becomes one status code and one Error document.

ETSI GS QKD 014 V1.1.1 knows 400, 401 and 503 and prescribes the texts of five errors, all of them 400.
"""

from http import HTTPStatus
from typing import ClassVar, Final

SIZE_NOT_WHOLE_BYTES: Final = "size shall be a multiple of 8"
EXTENSION_UNKNOWN: Final = "not all extension_mandatory parameters are supported"
EXTENSION_UNMET: Final = "not all extension_mandatory request options could be met"
KEY_NOT_FOUND: Final = "one or more keys specified are not found on KME"


class KmeError(Exception):
    """A request that is not granted; its text is the message of the Error document.

    Attributes:
        status: the status code.
    """

    status: ClassVar[HTTPStatus]


class BadRequestError(KmeError):
    """The request is malformed, beyond the announced limits, or names a key that is not there."""

    status = HTTPStatus.BAD_REQUEST


class UnauthorisedError(KmeError):
    """The caller is no SAE of this key manager, or the key was not issued for it."""

    status = HTTPStatus.UNAUTHORIZED


class UnavailableError(KmeError):
    """The request is sound, but there is no key, or no peer, to grant it now."""

    status = HTTPStatus.SERVICE_UNAVAILABLE
