"""How often codes meet by chance, and how often typing mistakes make two persons of one."""

import math

ONE_PERCENT = 0.01


def people_until_collision(bits: int, probability: float = ONE_PERCENT) -> int:
    """Return how many people draw codes of so many bits before two meet with this probability."""
    return int(0.5 + math.sqrt(0.25 + 2 * 2**bits * -math.log1p(-probability)))


def split_rate(error: float, answers: int) -> float:
    """Return how often somebody who comes back is taken for another: one wrong answer of so many is enough."""
    return 1 - (1 - error) ** answers
