"""The probability score against what is known of it."""

import pytest
import torch

from training.losses.probability import probability_score


def maps(*values):
    return [torch.full((1, 1, 4, 4), value) for value in values]


def test_two_like_draws_cost_their_distance_from_the_truth():
    assert probability_score(maps(1.5, 3.0), maps(1.5, 3.0), maps(1.0, 4.0)) == pytest.approx(0.75)


def test_draws_on_both_sides_of_the_truth_cost_nothing():
    assert probability_score(maps(0.0), maps(3.0), maps(1.0)) == pytest.approx(0)


def test_pixels_count_by_their_weight():
    one, truth = torch.tensor([[2.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    weights = torch.tensor([[0.5, 1.5]])
    assert probability_score([one], [one], [truth], [weights]) == pytest.approx(1.25)


@pytest.mark.parametrize("seed", range(3))
def test_it_is_least_for_the_spread_and_mean_that_the_truth_has(seed):
    random = torch.Generator().manual_seed(seed)
    one, other, truth = (torch.randn(1, 1, 600, 600, generator=random) for _ in range(3))

    def score(spread, mean=0.0):
        return float(probability_score([mean + spread * one], [mean + spread * other], [truth]))

    right = score(1.0)
    # The mean of |x - y| less half that of |x - x'| of normals: 1 / sqrt(pi).
    assert right == pytest.approx(torch.pi**-0.5, rel=5e-3)
    for wrong in (score(0.0), score(0.7), score(1.4), score(1.0, 0.3)):
        assert wrong > 1.005 * right
