"""What is in force, and where each value comes from: for `config show` and the API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from qkdctl.config.model import Config
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import dotted
from qkdctl.config.redaction import redact
from qkdctl.config.types import SecretReference


@dataclass(frozen=True, slots=True)
class EffectiveValue:
    """One value in force.

    Attributes:
        key: dotted path.
        value: ready for JSON, secrets redacted; None where an optional key or table is absent.
        source: "file:line", "environment NAME", "flag NAME" or "default".
    """

    key: str
    value: Any
    source: str

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"key": self.key, "value": self.value, "source": self.source}


def effective(config: Config) -> list[EffectiveValue]:
    """All values of a configuration, flattened, in the order of the sections."""
    return [
        EffectiveValue(dotted(path), redact(path[-1], _plain(value)), str(config.origin(path)))
        for path, value in flatten(config)
    ]


def flatten(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """The leaves of nested models and tables with their paths; lists are leaves, empty tables are not."""
    if isinstance(value, BaseModel):
        for key in type(value).model_fields:
            yield from flatten(getattr(value, key), (*path, key))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from flatten(inner, (*path, str(key)))
    else:
        yield path, value


def _plain(value: object) -> object:
    if isinstance(value, Path | SecretReference):
        return str(value)
    return list(value) if isinstance(value, tuple) else value
