"""From network.toml to a description, or to every reason why not."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from qkdctl.config.documents import Document, parse_document, read_document
from qkdctl.config.problems import ConfigError, Problem, in_order
from qkdctl.config.tree import merge
from qkdctl.config.validation import validation_problems
from qkdctl.network.checks import check_description
from qkdctl.network.defaults import with_defaults
from qkdctl.network.description import NetworkDescription
from qkdctl.network.sections import NetworkFile

FILE_NAME = "network.toml"
_MAKES_ONE = "qkdctl network init"


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading a description.

    Attributes:
        description: None when there are errors.
        problems: errors and warnings, in the order of lines.
    """

    description: NetworkDescription | None
    problems: tuple[Problem, ...]

    def unwrap(self) -> NetworkDescription:
        """The description.

        Raises:
            ConfigError: there are errors.
        """
        if self.description is None:
            raise ConfigError(self.problems)
        return self.description


def read_description(path: Path) -> Reading:
    """Read and check a description, and gather what is wrong. Touches this file only."""
    return _judged(path, read_document(path, _MAKES_ONE))


def load_description(path: Path) -> NetworkDescription:
    """Read and check a description.

    Raises:
        ConfigError: with all problems at once.
    """
    return read_description(path).unwrap()


def parse_description(text: str, path: Path = Path(FILE_NAME)) -> NetworkDescription:
    """Check a text.

    Args:
        text: TOML.
        path: for the places of problems only.

    Raises:
        ConfigError: with all problems at once.
    """
    return _judged(path, parse_document(path, text)).unwrap()


def _judged(path: Path, document: Document) -> Reading:
    raw = merge(path, [document])
    tree = with_defaults(raw)
    problems = [*document.problems, *check_description(tree)]
    file = None
    try:
        file = NetworkFile.model_validate(tree.values)
    except ValidationError as error:
        problems += validation_problems(error, tree, NetworkFile)
    found = tuple(in_order(problems, [str(path)]))
    if file is None or any(problem.severity == "error" for problem in found):
        return Reading(None, found)
    return Reading(NetworkDescription(file, str(path), document.text, tree.origins, found), found)
