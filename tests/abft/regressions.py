"""Seeds that failed once, as (seed, nodes, faults); none is ever taken away."""

REGRESSIONS: list[tuple[int, int, int]] = [
    (6, 4, 1),
    (14, 4, 1),
    (23, 4, 1),
    (45, 4, 1),
    (63, 4, 1),
    (115, 4, 1),
    (208, 4, 1),
    (210, 4, 1),
    (293, 4, 1),
    (355, 4, 1),
    (597, 4, 1),
    (23, 1, 0),
]
