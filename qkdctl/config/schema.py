"""What the models expect at a key path: type, range, and the words for it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from qkdctl.config.model import Config
from qkdctl.config.positions import KeyPath
from qkdctl.config.suggestions import listing
from qkdctl.config.types import Derived, Expected, SecretReference


@dataclass(frozen=True, slots=True)
class Shape:
    """What may stand at a key.

    Attributes:
        kind: bool, int, float, str, Path, SecretReference, tuple, or dict for a table.
        section: model of a table with fixed keys.
        entries: model of each entry of a table with free names, such as [devices].
        choices: values allowed, empty for any.
        expected: for an error text.
        bounds: what stands between a number and being accepted.
        is_optional: the key may be absent and then has no value.
        derived: from what the default follows, "" where it is fixed or there is none.
    """

    kind: type
    section: type[BaseModel] | None = None
    entries: type[BaseModel] | None = None
    choices: tuple[str, ...] = ()
    expected: str = ""
    bounds: tuple[Ge | Gt | Le | Lt, ...] = ()
    is_optional: bool = False
    derived: str = ""

    @property
    def is_scalar(self) -> bool:
        """True when the value is neither a table nor a list."""
        return self.kind not in {dict, tuple}

    def admits(self, value: float) -> bool:
        """True when a number lies within the bounds."""
        for bound in self.bounds:
            limit: Any = getattr(bound, type(bound).__name__.lower())
            inside = {Ge: value >= limit, Gt: value > limit, Le: value <= limit, Lt: value < limit}
            if not inside[type(bound)]:
                return False
        return math.isfinite(value)


def find_shape(path: KeyPath, root: type[BaseModel] = Config) -> Shape | None:
    """The shape at a key path, None where the schema has no such key.

    Below a table that some driver defines nothing is known here.
    """
    shape: Shape | None = Shape(dict, section=root)
    for part in path:
        if shape is None:
            return None
        if shape.section is not None:
            field = shape.section.model_fields.get(str(part))
            shape = shape_of(field) if field else None
        elif shape.entries is not None:
            shape = Shape(dict, section=shape.entries, expected="a table")
        else:
            return None
    return shape


def shape_of(field: FieldInfo) -> Shape:
    """The shape of one field of a model."""
    annotation, metadata = _unwrap(field.annotation, list(field.metadata))
    derived = next((item.text for item in metadata if isinstance(item, Derived)), "")
    return replace(_shape(annotation, metadata), is_optional=field.default is None, derived=derived)


def _shape(annotation: Any, metadata: list[Any]) -> Shape:
    phrase = next((item.text for item in metadata if isinstance(item, Expected)), "")
    origin = get_origin(annotation)
    if origin is Literal:
        choices = tuple(str(choice) for choice in get_args(annotation))
        return Shape(str, choices=choices, expected=listing(choices, quoted=True))
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Shape(dict, section=annotation, expected="a table")
    if isinstance(origin, type) and issubclass(origin, Mapping):
        entry = get_args(annotation)[1]
        entries = entry if isinstance(entry, type) and issubclass(entry, BaseModel) else None
        return Shape(dict, entries=entries, expected="a table")
    if origin in {tuple, list}:
        return Shape(tuple, expected=phrase or _list_phrase(annotation))
    bounds = tuple(item for item in metadata if isinstance(item, Ge | Gt | Le | Lt))
    kind = annotation if annotation in {bool, int, float, Path, SecretReference} else str
    return Shape(kind, expected=phrase or _scalar_phrase(kind, bounds, metadata), bounds=bounds)


def keys_of(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo, Shape]]:
    """The keys of a table, in the order of the model."""
    for key, field in model.model_fields.items():
        yield key, field, shape_of(field)


def _unwrap(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any]]:
    """Strip Optional and Annotated, gathering the annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        gathered = [item for entry in more for item in (entry.metadata if isinstance(entry, FieldInfo) else [entry])]
        return _unwrap(inner, metadata + gathered)
    if origin in {Union, UnionType}:
        inner_types = [part for part in get_args(annotation) if part is not NoneType]
        if len(inner_types) == 1:
            return _unwrap(inner_types[0], metadata)
    return annotation, metadata


def _list_phrase(annotation: Any) -> str:
    element, _ = _unwrap(get_args(annotation)[0], [])
    if get_origin(element) is Literal:
        return f"a list of {listing((str(choice) for choice in get_args(element)), quoted=True)}"
    return 'a list of texts, such as ["root"]' if element is str else "a list"


def _scalar_phrase(known: type, bounds: tuple[Ge | Gt | Le | Lt, ...], metadata: list[Any]) -> str:
    if known is bool:
        return "true or false"
    if known is str:
        return "a text in quotes" + (", not empty" if any(isinstance(item, MinLen) for item in metadata) else "")
    if known not in {int, float}:
        return ""
    words = {Ge: "at least", Gt: "above", Le: "at most", Lt: "below"}
    texts = {type(bound): f"{getattr(bound, type(bound).__name__.lower()):.12g}" for bound in bounds}
    noun = "a whole number" if known is int else "a number"
    if texts.keys() == {Ge, Le}:
        return f"{noun} from {texts[Ge]} to {texts[Le]}"
    return " ".join([noun, " and ".join(f"{words[kind]} {text}" for kind, text in texts.items())]).rstrip()
