"""Policy files on the disk of whoever calls: verdicts, signatures, differences."""

import asyncio
import hashlib
import json
import re
from base64 import b64decode, b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qkdctl.cli.errors import CliError
from qkdctl.cli.options import DEFAULT_CONFIG
from qkdctl.client import Client
from qkdctl.exit_codes import USAGE

if TYPE_CHECKING:
    from qkdctl.library.manifest import Manifest

Json = dict[str, Any]


def verdict(file: Path, manifest: Path | None, config: Path) -> Json:
    """What a daemon would say of a file: `code` and `text` are empty when it would take it.

    Raises:
        OSError: the file cannot be read.
        CliError: the configuration does not say which keys are trusted.
    """
    from qkdctl.files import read_bounded  # noqa: PLC0415 - see the verbs
    from qkdctl.library.admission import check_outside  # noqa: PLC0415
    from qkdctl.library.manifest import Manifest, check_name  # noqa: PLC0415
    from qkdctl.library.trying import try_apart  # noqa: PLC0415
    from qkdctl.policy.failure import PolicyRejected  # noqa: PLC0415
    from qkdctl.policy.format import MAX_BYTES  # noqa: PLC0415
    from qkdctl.policy.vetting import vet  # noqa: PLC0415

    data = read_bounded(file, MAX_BYTES)
    found: Json = {"file": str(file), "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "signer": ""}
    try:
        if manifest is not None:
            about = Manifest.read(_text_of(manifest))
            keys = _trusted_keys(config)
            check_name(about)
            check_outside(data, about, keys, None)
            found |= {"signer": about.signer if keys else "", "version": about.version}
        asyncio.run(try_apart(data))
        vetted = vet(data)
    except PolicyRejected as rejection:
        return found | {"code": rejection.code, "text": str(rejection).partition(": ")[2], "claims": {}}
    shape = [vetted.layers[0].weights.shape[0], *(layer.weights.shape[1] for layer in vetted.layers)]
    return found | {"code": "", "text": "", "claims": vetted.claims, "widths": shape}


def signed_manifest(file: Path, key: Path, signer: str, version: int, name: str | None) -> str:
    """JSON of a signed manifest.

    Raises:
        CliError: the key is none, or a name is, or the file is too large for a policy.
        OSError: a file cannot be read.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see the verbs
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    from qkdctl.cli.output import complain  # noqa: PLC0415
    from qkdctl.files import read_bounded  # noqa: PLC0415
    from qkdctl.policy.format import MAX_BYTES  # noqa: PLC0415

    data = read_bounded(file, MAX_BYTES)
    try:
        private = load_pem_private_key(key.read_bytes(), None)
    except (ValueError, TypeError) as error:
        raise CliError(f"{key}: {error}", "openssl genpkey -algorithm ed25519 makes one", USAGE) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise CliError(f"{key} is no Ed25519 key", "openssl genpkey -algorithm ed25519 makes one", USAGE)
    if len(data) > MAX_BYTES:
        raise CliError(f"{file} is no policy: it has more than {MAX_BYTES} bytes")
    unsigned = _manifest(data, name or name_of(file), signer, version)
    complain(f'trusted_keys = ["{signer}:{private.public_key().public_bytes_raw().hex()}"]')
    return json.dumps(unsigned.signed(signer, private).to_plain(), indent=2)


def upload(file: Path, manifest: Path | None, name: str | None) -> tuple[str, str, str]:
    """Content as base64, name and manifest of a file, for `Client.stage_policy`; OSError when one cannot be read."""
    from qkdctl.files import read_bounded  # noqa: PLC0415 - see the verbs
    from qkdctl.policy.format import MAX_BYTES  # noqa: PLC0415

    about = "" if manifest is None else _text_of(manifest)
    return b64encode(read_bounded(file, MAX_BYTES)).decode("ascii"), name or name_of(file), about


def difference(first: str, second: str, client: Client) -> Json:
    """In what two policies differ.

    Choices are counted on the golden observations, among all actions, legal or not.

    Raises:
        OSError: a file cannot be read.
        CliError: one of them is no policy of this version.
    """
    from qkdctl.policy.actions import ACTIONS  # noqa: PLC0415 - see the verbs
    from qkdctl.policy.reference import exact_values, golden_observations  # noqa: PLC0415

    one, other = _vetted(first, client), _vetted(second, client)
    rows = golden_observations()
    choices = [exact_values(policy.layers, rows).argmax(axis=1) for policy in (one, other)]
    changed: dict[str, int] = {}
    for before, after in zip(*(chosen.tolist() for chosen in choices), strict=True):
        if before != after:
            name = f"{ACTIONS[before].name} -> {ACTIONS[after].name}"
            changed[name] = changed.get(name, 0) + 1
    shapes = [[layer.weights.shape for layer in policy.layers] for policy in (one, other)]
    same_shape = shapes[0] == shapes[1]
    weights = sum(
        int((a.weights != b.weights).sum() + (a.biases != b.biases).sum())
        for a, b in zip(one.layers, other.layers, strict=False)
    )
    keys = sorted({*one.claims, *other.claims})
    return {
        "a": one.sha256,
        "b": other.sha256,
        "claims": {
            key: [one.claims.get(key, ""), other.claims.get(key, "")]
            for key in keys
            if one.claims.get(key) != other.claims.get(key)
        },
        "widths": [[shape[0][0], *(entry[1] for entry in shape)] for shape in shapes],
        "weights": weights if same_shape else None,
        "observations": len(rows),
        "choices": dict(sorted(changed.items())),
    }


def events_of(policies: Json, policy: str | None) -> list[Json]:
    """Events of all files, or of those that a name or digest means, oldest first.

    Raises:
        CliError: there is no such file.
    """
    files = [
        file
        for file in policies["files"]
        if policy is None or policy == file["name"] or (len(policy) >= 6 and file["sha256"].startswith(policy))
    ]
    if policy is not None and not files:
        raise CliError(f"there is no policy {policy!r} at this node", "'qkdctl policy list' shows those there are")
    about = ("name", "version", "sha256")
    events = [{**{key: file[key] for key in about}, **event} for file in files for event in file["events"]]
    return sorted(events, key=lambda event: event["wall_ms"])


def name_of(file: Path) -> str:
    """A name for a policy after that of its file: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-")[:63] or "policy"


def _text_of(manifest: Path) -> str:
    """Of a file that may be anything; what is no text is none of a manifest either."""
    from qkdctl.files import read_bounded  # noqa: PLC0415 - see the verbs
    from qkdctl.policy.format import MAX_BYTES  # noqa: PLC0415

    return read_bounded(manifest, MAX_BYTES).decode("utf-8", errors="replace")


def _manifest(data: bytes, name: str, signer: str, version: int) -> "Manifest":
    from pydantic import ValidationError  # noqa: PLC0415 - see the verbs

    from qkdctl.library.manifest import Manifest  # noqa: PLC0415

    sha256 = hashlib.sha256(data).hexdigest()
    try:
        return Manifest(name=name, sha256=sha256, size=len(data), version=version, signer=signer)
    except ValidationError as error:
        wrong = error.errors()[0]["input"]
        raise CliError(f"{wrong!r} is no name", "lower-case letters, digits and '-', at most 63", USAGE) from error


def _trusted_keys(config: Path) -> Any:
    from qkdctl.cli.configuration import load_configuration  # noqa: PLC0415 - see the verbs
    from qkdctl.library.manifest import trusted  # noqa: PLC0415

    # without a configuration nothing is trusted, but one that was asked for and is not there is a mistake
    is_asked_for = config != DEFAULT_CONFIG or config.exists()
    return trusted(load_configuration(config).policy.trusted_keys) if is_asked_for else {}


def _vetted(text: str, client: Client) -> Any:
    from qkdctl.files import read_bounded  # noqa: PLC0415 - see the verbs
    from qkdctl.policy.failure import PolicyRejected  # noqa: PLC0415
    from qkdctl.policy.format import MAX_BYTES  # noqa: PLC0415
    from qkdctl.policy.vetting import vet  # noqa: PLC0415

    path = Path(text)
    # the name of a policy has neither dots nor slashes
    is_file = path.is_file() or "." in text or "/" in text
    data = read_bounded(path, MAX_BYTES) if is_file else b64decode(client.policy_content(text)["data"])
    try:
        return vet(data)
    except PolicyRejected as rejection:
        raise CliError(f"{text} is no policy of this version: {rejection}") from rejection
