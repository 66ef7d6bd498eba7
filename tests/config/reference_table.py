"""The reference tables of docs/guides/configuration.md. Print them with: python -m tests.config.reference_table."""

from collections.abc import Iterator

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from qkdctl.config.example import toml_value
from qkdctl.config.model import Config
from qkdctl.config.schema import Shape, keys_of

BEGIN = "<!-- reference: written by tests/config/reference_table.py -->"
END = "<!-- end of reference -->"


def render() -> str:
    """All tables in Markdown."""
    return "\n".join(line for name, _, shape in keys_of(Config) for line in _tables(name, shape)).strip() + "\n"


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
    yield from ("", f"### [{path}]", "", "| key | value | default | meaning |", "|---|---|---|---|")
    for key, field, shape in keys_of(model):
        if shape.section is None and shape.entries is None:
            value = "a table" if shape.kind is dict else shape.expected.replace("|", "\\|")
            yield f"| `{key}` | {value} | {_default(field, shape)} | {field.description} |"


def _default(field: FieldInfo, shape: Shape) -> str:
    if shape.derived:
        return shape.derived
    if field.is_required():
        return "obligatory"
    if shape.is_optional or shape.kind is dict:
        return "none"
    return f"`{toml_value(field.get_default(call_default_factory=True))}`"


if __name__ == "__main__":
    print(render())
