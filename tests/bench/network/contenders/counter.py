"""A contender for the tests: one sifted bit per link and step, at most a hundred links."""

from tests.bench.network.order import Order, answer


class Links:
    """The network of an order."""

    def __init__(self, order: Order) -> None:
        if order.links > 100:
            raise MemoryError("too many links")
        self._order = order

    def run(self) -> int:
        """Talks while it counts, as some simulators do."""
        print("chatter")
        return self._order.links * self._order.steps


if __name__ == "__main__":
    answer(Links)
