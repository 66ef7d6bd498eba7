"""What people usually mean when TOML does not parse."""

import re

from qkdctl.config.redaction import names_secret

_KEY = re.compile(r"\s*([A-Za-z0-9_.\"'-]+)\s*(.*)")
_UNQUOTED = re.compile(r"[A-Za-z/][^\"'#\[\]{}]*")
_WITH_UNIT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([A-Za-z%]+)")
_LEADING_ZERO = re.compile(r"0\d+")
_BARE_FRACTION = re.compile(r"[+-]?(?:\.\d+|\d+\.)")
_BOOLEANS = {"true": "true", "yes": "true", "on": "true", "false": "false", "no": "false", "off": "false"}
_TYPOGRAPHIC_QUOTES = frozenset("\u201c\u201d\u201e\u2018\u2019")


def syntax_hint(line: str, message: str) -> str:
    """A hint for the line on which a malformed statement begins, "" when nothing comes to mind.

    The hint repeats keys and numbers, never text: text may be a secret.
    """
    if line.startswith("\ufeff"):
        return "the file begins with a byte order mark; save it as UTF-8 without one"
    if line.lstrip().startswith("["):
        return "a table header is [section] or [devices.name], alone on its line"
    match = _KEY.match(line)
    key, rest = match.groups() if match else ("", "")
    if rest.startswith(":"):
        return f"TOML separates key and value by an equals sign: {key} = ..."
    if not rest.startswith("="):
        return "each line is key = value, a [section] or a # comment"
    return "" if names_secret(key) else _value_hint(key, rest[1:].strip(), message)


def _value_hint(key: str, value: str, message: str) -> str:
    bare = value.split("#", maxsplit=1)[0].strip()
    if not bare:
        return f"a key needs a value: {key} = ..."
    if "escape" in message.lower():
        return "a backslash in double quotes starts an escape; single quotes take it as it is"
    return _word_hint(key, bare) or _number_hint(key, bare) or _bracket_hint(bare)


def _word_hint(key: str, bare: str) -> str:
    if bare.lower() in _BOOLEANS:
        return f"TOML writes {key} = {_BOOLEANS[bare.lower()]}"
    if _TYPOGRAPHIC_QUOTES & set(bare):
        return "use straight quotes, not typographic ones"
    return f'text stands in quotes: {key} = "..."' if _UNQUOTED.fullmatch(bare) else ""


def _number_hint(key: str, bare: str) -> str:
    if match := _WITH_UNIT.fullmatch(bare):
        return f"the unit stands in the name of the key: {key} = {match.group(1)}"
    if _LEADING_ZERO.fullmatch(bare):
        return f'numbers have no leading zero; if it is text, such as a file mode, quote it: {key} = "{bare}"'
    if _BARE_FRACTION.fullmatch(bare):
        return f"a fraction has digits on both sides of the point: {key} = {float(bare)}"
    return ""


def _bracket_hint(bare: str) -> str:
    if bare[0] in "\"'" and (len(bare) == 1 or bare[-1] != bare[0]):
        return "a closing quote is missing"
    if bare[0] == "[" and not bare.endswith("]"):
        return "a closing bracket is missing"
    return ""
