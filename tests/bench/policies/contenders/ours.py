"""The learner of qkdctl: prioritised replay, double and dueling, masks, n-step returns, looks at a selection set."""

from collections.abc import Callable

from qkdctl_policies.learning.training import train

from tests.bench.policies.learning_order import Order, answer


def prepare(order: Order) -> Callable[[], tuple[int, int]]:
    """The whole of a training, as a user has it: building, and a look at the policy before and after, count too."""
    config = order.config()

    def learn() -> tuple[int, int]:
        last = train(config, order.seed).curve[-1]
        return last.link_epochs, last.updates

    return learn


if __name__ == "__main__":
    answer(prepare, "qkdctl", "torch", "numpy")
