"""qkdctl: all links as arrays, counts drawn per step."""

from tests.bench.network.order import Order, answer


class Links:
    """The network of an order, built."""

    def __init__(self, order: Order) -> None:
        raise NotImplementedError(f"the network engine does not simulate {order.links} links yet")

    def run(self) -> int:
        """Simulate `order.steps` steps of `order.step_s`; the sifted bits of all links."""
        raise NotImplementedError


if __name__ == "__main__":
    answer(Links, "qkdctl")
