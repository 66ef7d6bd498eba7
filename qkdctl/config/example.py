"""A commented configuration to begin with, written from the models so that it cannot miss a key."""

import textwrap
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from qkdctl.config.model import Config
from qkdctl.config.schema import Shape, keys_of
from qkdctl.config.types import SecretReference

_HEAD = """\
# Configuration of qkdctl.
#
# A key directly behind a "#" shows its default, or an example where there is none; uncomment what you change.
# Files in conf.d/ beside this one are read afterwards, in lexical order, and may replace single keys.
# Check with: qkdctl config check --config THIS_FILE
"""
_WIDTH = 110
_ENTRY_NAMES = {"devices": "alice-attenuator", "links": "alice-bob", "limits": "attenuation_db", "brokers": "south"}
_LIMIT_EXAMPLES = {"minimum": 0.0, "maximum": 40.0, "maximum_step": 10.0}


def render_example() -> str:
    """The whole example; it loads as it is, and so it does with every key uncommented."""
    return _HEAD + "".join(_section(name, field, shape) for name, field, shape in keys_of(Config))


def toml_value(value: object) -> str:
    """A value in TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(element) for element in value)}]"
    return repr(value)


def _section(name: str, field: FieldInfo, shape: Shape) -> str:
    """A top-level table: [node] with what it must have, all others commented out where they may be absent."""
    if shape.entries is not None:
        return _table(
            f"{name}.{_ENTRY_NAMES[name]}", shape.entries, commented=True, note=_sentence(field.description or "")
        )
    assert shape.section is not None, "every top-level key is a table"
    return _table(name, shape.section, commented=shape.is_optional)


def _table(path: str, model: type[BaseModel], *, commented: bool, note: str = "") -> str:
    mark = "#" if commented else ""
    text = "\n" + "".join(f"# {line}\n" for line in [note, *_about(model)] if line)
    text += f"{mark}[{path}]\n"
    inner = ""
    for key, field, shape in keys_of(model):
        if shape.section is not None:
            inner += _table(f"{path}.{key}", shape.section, commented=commented or shape.is_optional)
        elif shape.entries is not None:
            inner += _table(f"{path}.{key}.{_ENTRY_NAMES[key]}", shape.entries, commented=True)
        elif shape.kind is dict:
            inner += f"\n# {_sentence(field.description or '')}\n#[{path}.{key}]\n"
        else:
            text += _key(key, field, shape, commented=commented)
    return text + inner


def _about(model: type[BaseModel]) -> list[str]:
    """The docstring, without the name of the table that may begin it."""
    text = " ".join((model.__doc__ or "").split())
    return textwrap.wrap(_sentence(text.partition(": ")[2] if text.startswith("[") else text), _WIDTH)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") or not text else ".")


def _key(key: str, field: FieldInfo, shape: Shape, *, commented: bool) -> str:
    is_required = field.is_required() and not shape.derived
    words = [field.description or ""]
    if shape.choices or shape.kind in {int, float, SecretReference}:
        words.append(shape.expected)
    if shape.derived:
        words.append(f"default: {shape.derived}")
    if is_required:
        words.append("obligatory")
    comment = textwrap.wrap(_sentence("; ".join(words)), _WIDTH)
    mark = "" if is_required and not commented else "#"
    return "".join(f"# {line}\n" for line in comment) + f"{mark}{key} = {toml_value(_shown(key, field))}\n"


def _shown(key: str, field: FieldInfo) -> Any:
    """The default, or else an example."""
    if field.examples:
        return field.examples[0]
    default = field.get_default(call_default_factory=True)
    return _LIMIT_EXAMPLES[key] if default is PydanticUndefined or default is None else default
