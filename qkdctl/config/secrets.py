"""Reading secrets from where the configuration says they are kept."""

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from qkdctl.config.problems import Origin, Problem
from qkdctl.config.types import CREDENTIAL_PREFIX, SecretReference

#: Shortest token of the API, in characters; a shorter one could be guessed.
TOKEN_MIN = 16
_DIRECTORY = "CREDENTIALS_DIRECTORY"
_WANTED = "a file that holds the secret"
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


def check_secret(
    reference: SecretReference, key: str, origin: Origin, environment: Mapping[str, str], least: int = 1
) -> list[Problem]:
    """Look at the file behind a reference: whether a secret stands there, and who else may read it.

    Args:
        reference: to the secret.
        key: of the configuration, for the report.
        origin: of the value, for the report.
        environment: has $CREDENTIALS_DIRECTORY.
        least: characters that it must have.
    """
    shown = f'"{reference.text}"'
    try:
        path = secret_path(reference, environment)
    except SecretError as error:
        return [Problem(origin, key, "cannot be checked here", shown, hint=str(error), severity="warning")]
    try:
        mode = path.stat().st_mode
        hidden = "you may not read it" if stat.S_ISREG(mode) and not os.access(path, os.R_OK) else ""
    except FileNotFoundError:
        return [Problem(origin, key, f"{path} does not exist", shown, _WANTED, _PRIVATE)]
    except OSError as error:
        hidden = error.strerror or str(error)
    if hidden:
        message, hint = f"{path} cannot be checked: {hidden}", "run the check as the daemon's user"
        return [Problem(origin, key, message, shown, hint=hint, severity="warning")]
    if wrong := f"{path} is no file" if not stat.S_ISREG(mode) else _wrong_inside(reference, environment, least):
        return [Problem(origin, key, wrong, shown, _WANTED)]
    if not mode & stat.S_IROTH:
        return []
    message, found = f"every user can read {path}", f"mode {mode & 0o777:04o}"
    return [Problem(origin, key, message, found, hint=_PRIVATE, severity="warning")]


def _wrong_inside(reference: SecretReference, environment: Mapping[str, str], least: int) -> str:
    """Why the daemon could not use what stands in the file; "" when it could."""
    try:
        secret = read_secret(reference, environment)
    except SecretError as error:
        return str(error)
    if len(secret.get_secret_value()) < least:
        return f"the secret in {secret_path(reference, environment)} has fewer than {least} characters"
    return ""
