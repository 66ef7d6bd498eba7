"""Keys of a peer's sending direction that a receiver holds, and those it lacks; all in bounded memory."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

MOST_TRUSTED = 16
MOST_TRIED = 4
MOST_WANTED = 16
MOST_ASKED = 4
MOST_TRIES = 3
MOST_FORGOTTEN = 64


class KeyRing:
    """Keys by number.

    Numbers stand in clear in packets that anybody may have made, so those from packets without a right tag (asked) are
    few, and what was fetched for them (tried) cannot displace what packets with a right tag used or announced.
    """

    def __init__(self) -> None:
        self._trusted: OrderedDict[bytes, bytes] = OrderedDict()
        self._tried: OrderedDict[bytes, bytes] = OrderedDict()
        self._wanted: OrderedDict[bytes, int] = OrderedDict()
        self._asked: OrderedDict[bytes, int] = OrderedDict()
        self._forgotten: OrderedDict[bytes, None] = OrderedDict()

    def __len__(self) -> int:
        """Keys and numbers held."""
        return len(self._trusted) + len(self._tried) + len(self._wanted) + len(self._asked) + len(self._forgotten)

    def get(self, number: bytes) -> bytes | None:
        """A key, if it is here."""
        return self._trusted.get(number) or self._tried.get(number)

    def trust(self, used: Iterable[bytes], upcoming: Iterable[bytes]) -> None:
        """Note the numbers of a packet with a right tag."""
        for number in used:
            key = self.get(number)
            assert key is not None, "a tag was checked with this key"
            self._tried.pop(number, None)
            self._trusted[number] = key
            self._trusted.move_to_end(number)
        while len(self._trusted) > MOST_TRUSTED:
            self._forget(self._trusted.popitem(last=False)[0])
        for number in upcoming:
            if self.get(number) is None and number not in self._forgotten and len(self._wanted) < MOST_WANTED:
                self._wanted.setdefault(number, self._asked.pop(number, 0))

    def ask(self, number: bytes) -> bool:
        """Note the number of a packet that cannot be checked yet; False if the key will not come."""
        if number in self._wanted or number in self._asked:
            return True
        if number in self._forgotten or len(self._asked) >= MOST_ASKED:
            return False
        self._asked[number] = 0
        return True

    @property
    def wanted(self) -> tuple[bytes, ...]:
        """Numbers to fetch that packets with a right tag announced."""
        return tuple(self._wanted)

    @property
    def asked(self) -> tuple[bytes, ...]:
        """Numbers to fetch that anybody may have made up, those that failed before at the end."""
        return tuple(sorted(self._asked, key=self._asked.__getitem__))

    def missing(self) -> tuple[bytes, ...]:
        """Numbers to fetch."""
        return (*self._wanted, *self._asked)

    def answer(self, asked: Iterable[bytes], keys: Mapping[bytes, bytes]) -> None:
        """Take what was fetched; numbers that came to nothing a few times are given up."""
        for number in asked:
            trusted = number in self._wanted
            tries = self._wanted.pop(number, 0) + self._asked.pop(number, 0) + 1
            if number in keys:
                (self._trusted if trusted else self._tried)[number] = keys[number]
            elif tries < MOST_TRIES:
                (self._wanted if trusted else self._asked)[number] = tries
            else:
                self._forget(number)
        while len(self._tried) > MOST_TRIED:
            self._forget(self._tried.popitem(last=False)[0])

    def fail(self, number: bytes) -> None:
        """Note that the source failed at a number that was asked for; after a few times it gets room for others.

        It may be asked for again: whether there is such a key, nobody has said.
        """
        tries = self._asked.pop(number, 0) + 1
        if tries < MOST_TRIES:
            self._asked[number] = tries

    def keep_only(self, numbers: Collection[bytes]) -> None:
        """Destroy all other keys: their packets are not accepted any more."""
        for ring in (self._trusted, self._tried):
            for number in [number for number in ring if number not in numbers]:
                del ring[number]
                self._forget(number)

    def _forget(self, number: bytes) -> None:
        self._forgotten[number] = None
        if len(self._forgotten) > MOST_FORGOTTEN:
            self._forgotten.popitem(last=False)
