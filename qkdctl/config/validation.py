"""From pydantic's complaints to problems that say where, what and what to do."""

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from qkdctl.config.model import Config
from qkdctl.config.positions import KeyPath
from qkdctl.config.problems import Origin, Problem, dotted
from qkdctl.config.redaction import carries_secret, describe, names_secret
from qkdctl.config.schema import Shape, find_shape, keys_of
from qkdctl.config.suggestions import did_you_mean, listing
from qkdctl.config.tree import Tree
from qkdctl.config.units import wrong_unit
from qkdctl.config.value_hints import name_hint, value_hint

_MOST_LISTED = 12
_KEY_MARK = "[key]"
_OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "finite_number"}
_WRONG_FORM = {"string_pattern_mismatch", "string_too_short", "string_too_long", "too_short", "too_long"}


def validation_problems(
    error: ValidationError, tree: Tree, model: type[BaseModel] = Config, base: KeyPath = ()
) -> list[Problem]:
    """The problems behind a validation error.

    Args:
        error: from validating the table at `base`.
        tree: for the origins.
        model: what it was validated as: Config, or a driver's options.
        base: where the validated table stands.
    """
    missing: dict[KeyPath, Problem] = {}
    others: list[Problem] = []
    meant: set[KeyPath] = set()
    for detail in error.errors(include_url=False):
        inner = tuple(part for part in detail["loc"] if part != _KEY_MARK)
        if detail["type"] == "missing":
            if tree.is_complete:
                missing[inner] = _missing(base + inner, inner, tree, model)
        elif detail["type"] == "extra_forbidden":
            problem = _unknown(base + inner, inner, detail["input"], tree, model)
            meant |= {(*inner[:-1], key) for key in _keys_around(inner, model) if problem.hint.startswith(_mean(key))}
            others.append(problem)
        else:
            others.append(_bad(detail, base + inner, inner, tree, model))
    return others + [problem for path, problem in missing.items() if path not in meant]


def inline_secret_problem(path: KeyPath, value: object, origin: Origin) -> Problem:
    """A secret stands in the configuration itself."""
    key = str(path[-1])
    return Problem(
        origin,
        dotted(path),
        "a secret must not stand in the configuration",
        describe(key, value),
        f"{key}_file, which names a file that only the daemon's user can read",
        f'move it to a file and write {key}_file = "/path/of/the/file", or "credential:NAME" under systemd',
    )


def _mean(key: str) -> str:
    """How a hint at a misspelt key begins; what it names is not missing besides."""
    return did_you_mean(key, [key])


def _keys_around(inner: KeyPath, model: type[BaseModel]) -> list[str]:
    """The keys that the table of a key may have."""
    owner = find_shape(inner[:-1], model)
    return list(owner.section.model_fields) if owner and owner.section else []


def _bad(detail: ErrorDetails, path: KeyPath, inner: KeyPath, tree: Tree, model: type[BaseModel]) -> Problem:
    if detail["loc"][-1:] != (_KEY_MARK,):
        return _bad_value(detail, path, inner, tree, model)
    text = f"{path[-1]} is no valid name"
    return Problem(tree.origin(path), dotted(path), text, expected=_expected_name(), hint=name_hint(str(path[-1])))


def _missing(path: KeyPath, inner: KeyPath, tree: Tree, model: type[BaseModel]) -> Problem:
    key, table = str(path[-1]), dotted(path[:-1])
    shape = find_shape(inner, model)
    owner = find_shape(inner[:-1], model)
    field = owner.section.model_fields[key] if owner and owner.section else None
    example = field.examples[0] if field and field.examples else None
    shown = describe("", example) if example is not None else "..."
    return Problem(
        tree.origin(path),
        dotted(path),
        f"{key} is missing" + (f" in [{table}]" if table else ""),
        expected=shape.expected if shape else "",
        hint=f"add {key} = {shown}" if shape is None or shape.kind is not dict else f"add [{dotted(path)}]",
    )


def _unknown(path: KeyPath, inner: KeyPath, value: object, tree: Tree, model: type[BaseModel]) -> Problem:
    if names_secret(path[-1]):
        return inline_secret_problem(path, value, tree.origin(path))
    key, table = str(path[-1]), dotted(path[:-1])
    known = _keys_around(inner, model)
    hint = wrong_unit(key, value, known) or did_you_mean(key, known)
    if not hint and model is Config:
        homes = _homes(key)
        hint = f"{key} belongs into {listing(homes)}" if homes else ""
    what = f"{key} is no key of [{table}]" if table else f"there is no section [{key}]"
    expected = "" if hint and len(known) > _MOST_LISTED else listing(known)
    return Problem(tree.origin(path), dotted(path), what, describe(key, value), expected, hint)


def _homes(key: str, model: type[BaseModel] = Config, path: str = "") -> list[str]:
    """The tables that have a key of this name."""
    homes = []
    for name, _, shape in keys_of(model):
        here = f"{path}.{name}" if path else name
        if shape.entries is not None:
            homes += _homes(key, shape.entries, f"{here}.<name>")
        elif shape.section is not None:
            homes += _homes(key, shape.section, here)
        if name == key and path:
            homes.append(f"[{path}]")
    return homes


def _bad_value(detail: ErrorDetails, path: KeyPath, inner: KeyPath, tree: Tree, model: type[BaseModel]) -> Problem:
    key = next((part for part in reversed(path) if isinstance(part, str)), "")
    value = detail["input"]
    shape = find_shape(inner, model) or find_shape(inner[:-1], model) or Shape(object)
    context = detail.get("ctx", {})
    message = _message(detail, key)
    expected = str(context["expected"]) if detail["type"] == "address" else shape.expected
    hint = str(context["hint"]) if detail["type"] == "address" else ""
    is_element = isinstance(path[-1], int)
    if not is_element and not names_secret(key) and not (isinstance(value, str) and carries_secret(value)):
        hint = hint or value_hint(key, value, shape)
        if expected == _expected_name() and isinstance(value, str):
            hint = hint or name_hint(value)
    return Problem(tree.origin(path), dotted(path), message, describe(key, value), expected, hint)


def _message(detail: ErrorDetails, key: str) -> str:
    kind = detail["type"]
    if kind == "address":
        return detail["msg"]
    if kind in _OUT_OF_RANGE:
        return f"{key} is out of range"
    if kind in _WRONG_FORM:
        return f"{key} has the wrong form"
    if kind == "literal_error":
        return f"{key} has an unknown value"
    if kind.endswith(("_type", "_parsing", "instance_of", "int_from_float")):
        return f"{key} has a value of the wrong type"
    return f"{key}: {detail['msg'].removeprefix('Value error, ')}"


def _expected_name() -> str:
    shape = find_shape(("node", "name"))
    return shape.expected if shape else ""
