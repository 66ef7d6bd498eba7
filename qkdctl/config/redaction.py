"""Keeping secrets out of everything that is shown: error texts, `config show`, the API."""

import re

REDACTED = "[redacted]"
_SECRET_KEY = re.compile(r"(?i)(password|passwd|passphrase|secret|token|credential|api_?key|private_?key)s?$")
#: A password may itself hold a slash or an at sign.
_USER_INFO = re.compile(r'(?<=//)[^/\s"][^\s"]*@')
_QUERY = re.compile(r'(?i)((?:password|passwd|passphrase|secret|token|api_?key)=)[^&\s"]+')


def names_secret(key: object) -> bool:
    """True when a value under this key would be a secret itself; `..._file` keys hold references."""
    return isinstance(key, str) and _SECRET_KEY.search(key) is not None


def carries_secret(text: str) -> bool:
    """True for a URL with a password in it."""
    return redact_text(text) != text


def redact_text(text: str) -> str:
    """The text without user names, passwords and tokens of URLs."""
    return _QUERY.sub(rf"\1{REDACTED}", _USER_INFO.sub(f"{REDACTED}@", text))


def redact(key: object, value: object) -> object:
    """The value as it may be shown under this key."""
    if names_secret(key):
        return REDACTED
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {name: redact(name, inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redact(key, inner) for inner in value]
    return value


def describe(key: object, value: object) -> str:
    """A found value for an error text, in the words of TOML, short and redacted."""
    shown = redact(key, value)
    if shown is REDACTED:
        return f"a value that is not shown ({type(value).__name__})"
    if isinstance(shown, bool):
        return str(shown).lower()
    if isinstance(shown, str):
        return f'"{shown}"' if len(shown) <= 80 else f'"{shown[:77]}..."'
    if isinstance(shown, dict):
        return "a table" + (f" with {', '.join(map(str, list(shown)[:4]))}" if shown else ", empty")
    if isinstance(shown, list):
        return "a list" if shown else "an empty list"
    return str(shown)
