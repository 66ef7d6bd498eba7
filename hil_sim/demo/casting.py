"""Who lies when: as the command line says, and as the viewer's keys say."""

from collections.abc import Sequence

from hil_sim.demo.liars import Liar, Manner, Troupe
from hil_sim.demo.story import Story

KEYED: tuple[Manner, ...] = ("forge", "slander", "corrupt")
"""Manners that a key can begin and end."""


class Casting:
    """Lets nodes lie and tells the story of it.

    Args:
        troupe: the simulated liars.
        story: told who begins.
        nodes: all, in the order of their keys.
        cast: liars from the beginning on.

    Attributes:
        manner: how the next node lies whose key is pressed.
    """

    def __init__(self, troupe: Troupe, story: Story, nodes: Sequence[str], cast: Sequence[Liar]) -> None:
        self.manner: Manner = KEYED[0]
        self.nodes = tuple(nodes)
        self._troupe = troupe
        self._story = story
        self._waiting = list(cast)
        self.due(0)

    @property
    def lying(self) -> dict[str, Manner]:
        """How each node lies that lies now."""
        return self._troupe.lying

    def due(self, epochs: int) -> None:
        """Let those begin whose time has come.

        Args:
            epochs: that have passed since all links run.
        """
        for liar in [each for each in self._waiting if each.manner == "silent" or each.first_epoch <= epochs]:
            self._waiting.remove(liar)
            self._begin(liar.node, liar.manner)

    def press(self, key: str) -> None:
        """A key was pressed: a digit lets a node lie, or be honest again; m changes the manner."""
        if key == "m":
            self.manner = KEYED[(KEYED.index(self.manner) + 1) % len(KEYED)]
        elif key.isdecimal() and 1 <= int(key) <= len(self.nodes):
            node = self.nodes[int(key) - 1]
            if node in self.lying:
                self._troupe.be_honest(node)
            else:
                self._begin(node, self.manner)

    def _begin(self, node: str, manner: Manner) -> None:
        self._troupe.lie(node, manner)
        self._story.began(node, manner)
