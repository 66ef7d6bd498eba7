"""The reference tables of docs/guides/configuration.md. Print them with: python -m tests.config.reference_table.

Those of docs/guides/network.md come from the models of a network's description, with the word `network` behind.
"""

import re
import sys
from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from qkdctl.config.example import toml_value
from qkdctl.config.model import Config
from qkdctl.config.schema import Shape, keys_of
from qkdctl.network.sections import NetworkFile

BEGIN = "<!-- reference: written by tests/config/reference_table.py -->"
END = "<!-- end of reference -->"


def render(model: type[BaseModel] = Config) -> str:
    """All tables in Markdown."""
    return "\n".join(line for name, _, shape in keys_of(model) for line in _tables(name, shape)).strip() + "\n"


def _tables(path: str, shape: Shape) -> Iterator[str]:
    if shape.entries is not None:
        path = f"{path}.<attribute>" if path.endswith("limits") else f"{path}.<name>"
    model = shape.section or shape.entries
    if model is None:
        return
    yield from _table(path, model)
    for key, _, inner in keys_of(model):
        yield from _tables(f"{path}.{key}", inner)


def _table(path: str, model: type[BaseModel]) -> Iterator[str]:
    documented = _attributes(model)
    yield from ("", f"### [{path}]", "", "| key | value | default | meaning |", "|---|---|---|---|")
    for key, field, shape in keys_of(model):
        if shape.section is None and shape.entries is None:
            value = "a table" if shape.kind is dict else shape.expected.replace("|", "\\|")
            yield f"| `{key}` | {value} | {_default(field, shape)} | {field.description or documented[key]} |"


def _default(field: FieldInfo, shape: Shape) -> str:
    if shape.derived:
        return shape.derived
    if field.is_required():
        return "obligatory"
    if shape.is_optional or shape.kind is dict:
        return "none"
    return f"`{toml_value(field.get_default(call_default_factory=True))}`"


def _attributes(model: type[BaseModel]) -> dict[str, str]:
    """What the docstring says of each attribute; records have their words there."""
    _, _, text = (model.__doc__ or "").partition("Attributes:\n")
    found = re.findall(r"^ {8}(\w+): (.*?)\.?$(?=\n {8}\w|\s*\Z)", text, flags=re.DOTALL | re.MULTILINE)
    return {name: " ".join(words.split()) for name, words in found}


if __name__ == "__main__":
    print(render(NetworkFile if "network" in sys.argv else Config))
