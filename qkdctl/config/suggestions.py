"""Did you mean ...?"""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word nearest to a misspelt one, "" when none is near."""
    by_folded = {_folded(candidate): candidate for candidate in known}
    folded = _folded(word)
    if folded in by_folded:
        return by_folded[folded]
    if len(folded) >= 3:
        containing = [candidate for candidate in by_folded if folded in candidate]
        if len(containing) == 1:
            return by_folded[containing[0]]
    near = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else ""


def did_you_mean(word: str, known: Iterable[str], *, quoted: bool = False) -> str:
    """The hint, "" when no known word is near."""
    near = nearest(word, known)
    if not near:
        return ""
    return f'did you mean "{near}"?' if quoted else f"did you mean {near}?"


def listing(words: Iterable[str], *, quoted: bool = False, conjunction: str = "or") -> str:
    """`a, b or c`."""
    shown = [f'"{word}"' if quoted else word for word in words]
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} {conjunction} {shown[-1]}"


def _folded(word: str) -> str:
    return word.lower().replace("_", "-").replace(" ", "-")
