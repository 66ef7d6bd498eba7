"""What people usually mean by a value of the wrong type, form or size."""

import re

from qkdctl.config.redaction import redact_text
from qkdctl.config.schema import Shape
from qkdctl.config.suggestions import did_you_mean
from qkdctl.config.units import quantity_hint, scale_hint

_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def value_hint(key: str, value: object, shape: Shape) -> str:
    """A hint for a refused value, "" when nothing comes to mind.

    Args:
        key: last part of the key path.
        value: what was found; not a secret.
        shape: what was expected.
    """
    if isinstance(value, str):
        return _choice_hint(key, value, shape) or _text_hint(key, value, shape)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if shape.kind in {int, float}:
        is_whole = shape.kind is int and isinstance(value, float) and value.is_integer() and shape.admits(value)
        return f"write {key} = {value:.0f}" if is_whole else scale_hint(key, value, shape.admits)
    if shape.kind is bool and value in {0, 1}:
        return f"write {key} = {'true' if value else 'false'}"
    if shape.kind is not str or shape.choices:
        return ""
    text = _file_mode(value) if key.endswith("mode") and isinstance(value, int) else value
    return f'write it as text: {key} = "{text}"'


def name_hint(name: str) -> str:
    """The valid name nearest to an invalid one, "" when there is none."""
    valid = _NOT_IN_NAMES.sub("-", name.lower()).strip("-")[:63]
    return f"for example {valid}" if valid else ""


def _choice_hint(key: str, text: str, shape: Shape) -> str:
    if shape.choices:
        return did_you_mean(text, shape.choices, quoted=True)
    if shape.kind is bool and text.lower() in _TRUE | _FALSE:
        return f"write {key} = {'true' if text.lower() in _TRUE else 'false'}, without quotes"
    return ""


def _text_hint(key: str, text: str, shape: Shape) -> str:
    if shape.kind is tuple:
        return f'write a list: {key} = ["{redact_text(text)}"]'
    if shape.kind in {int, float}:
        return quantity_hint(key, text)
    if key.endswith("mode") and re.fullmatch(r"[0-7]{3}", text):
        return f'did you mean "0{text}"?'
    return "write the letters in lower case" if key == "sha256" and text.lower() != text else ""


def _file_mode(value: int) -> str:
    """660 was meant as the digits, 0o660 arrives as 432."""
    return f"0{value}" if re.fullmatch(r"[0-7]{3}", str(value)) and value > 0o777 else f"{value:04o}"
