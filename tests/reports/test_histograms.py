import pytest

from core.rates import Rate
from reports.histograms import ANSWERS, WAITS, Histogram, wilson


def test_a_quantile_lies_in_the_bucket_of_its_measure() -> None:
    times = Histogram(ANSWERS, (0,) * 20 + (99,) + (0,) * 19 + (1,) + (0,) * 23)  # 8 ms, and one of 256 ms
    assert times.total == 100
    assert times.quantile(0.5) == pytest.approx(8_700, rel=0.03)
    assert times.quantile(0.99) == pytest.approx(9_500, rel=0.03)
    assert (times.quantile(0.999) or 0) > 250_000


def test_without_measures_there_is_no_quantile() -> None:
    assert Histogram(WAITS, (0,) * 32).quantile(0.5) is None


@pytest.mark.parametrize(
    ("share", "low", "high"),
    [(Rate(8, 10), 0.4902, 0.9433), (Rate(0, 10), 0.0, 0.2775), (Rate(500, 1000), 0.4691, 0.5309)],
)
def test_the_interval_is_wilsons(share: Rate, low: float, high: float) -> None:
    bounds = wilson(share)
    assert bounds == pytest.approx((low, high), abs=0.0001)


def test_nothing_has_no_interval() -> None:
    assert wilson(Rate(0, 0)) is None
