"""Reading secrets from where the configuration says they are kept."""

import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from qkdctl.config.problems import Origin, Problem
from qkdctl.config.types import CREDENTIAL_PREFIX, SecretReference

_DIRECTORY = "CREDENTIALS_DIRECTORY"
_PRIVATE = "let only the daemon's user read it: chmod 600, or a credential of the service manager"


class SecretError(Exception):
    """A secret cannot be read; the message names the file and never its content."""


def secret_path(reference: SecretReference, environment: Mapping[str, str]) -> Path:
    """The file that holds a secret.

    Raises:
        SecretError: a credential is wanted and the service manager passed none.
    """
    if not reference.text.startswith(CREDENTIAL_PREFIX):
        return Path(reference.text)
    directory = environment.get(_DIRECTORY, "")
    if not directory:
        raise SecretError(
            f"{reference.text} needs ${_DIRECTORY}, which the service manager sets for LoadCredential=; "
            "outside of a service name a file instead"
        )
    return Path(directory) / reference.text.removeprefix(CREDENTIAL_PREFIX)


def read_secret(reference: SecretReference, environment: Mapping[str, str]) -> SecretStr:
    """Read a secret; white space around it is dropped.

    Raises:
        SecretError: it cannot be read, or is empty.
    """
    path = secret_path(reference, environment)
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise SecretError(f"the secret in {path} cannot be read: {reason}") from None
    if not text:
        raise SecretError(f"the secret in {path} is empty; write it on the first line")
    return SecretStr(text)


def check_secret(reference: SecretReference, key: str, origin: Origin, environment: Mapping[str, str]) -> list[Problem]:
    """Look at the file behind a reference without reading it."""
    shown = f'"{reference.text}"'
    try:
        path = secret_path(reference, environment)
    except SecretError as error:
        return [Problem(origin, key, "cannot be checked here", shown, hint=str(error), severity="warning")]
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return [Problem(origin, key, f"{path} does not exist", shown, "a file that holds the secret", _PRIVATE)]
    except OSError as error:
        reason = error.strerror or str(error)
        hint = "run the check as the daemon's user"
        return [Problem(origin, key, f"{path} cannot be checked: {reason}", shown, hint=hint, severity="warning")]
    if not stat.S_ISREG(mode):
        return [Problem(origin, key, f"{path} is no file", shown, "a file that holds the secret")]
    if mode & stat.S_IROTH:
        return [
            Problem(
                origin,
                key,
                f"every user can read {path}",
                f"mode {mode & 0o777:04o}",
                hint=_PRIVATE,
                severity="warning",
            )
        ]
    return []
