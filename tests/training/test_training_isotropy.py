"""Whether draws lean: against sums over modes, the statistic of reports, and on a toy field."""

import numpy as np
import pytest
import torch

from engine.statistics.texture import diagonal_ratio
from training.losses.isotropy import REMEMBERED, WAVELENGTHS, isotropy_loss, leaning_of, leanings


def fields(count, random, along=0.0, across=0.0, side=64):
    """White noise, some of it repeated along a diagonal and along x."""
    white = torch.randn(count, 1, side, side, generator=random)
    return white + along * white.roll((3, 3), (-2, -1)) + across * white.roll(3, -1)


def test_leanings_are_means_over_modes():
    maps = fields(3, torch.Generator().manual_seed(1), 0.5, 0.3, 48)
    found = leanings(maps).numpy()
    for one, lean in zip(maps[:, 0].numpy(), found, strict=True):
        modes, parts = np.abs(np.fft.fft2(one)) ** 2, {}
        for i, j in np.ndindex(modes.shape):
            y, x = (np.fft.fftfreq(48)[n] for n in (i, j))
            if x * y != 0 and WAVELENGTHS[0] < 1 / np.hypot(y, x) < WAVELENGTHS[1]:
                parts.setdefault("rising" if x * y > 0 else "falling", []).append(modes[i, j])
                if abs(x) != abs(y):
                    parts.setdefault("x" if abs(x) > abs(y) else "y", []).append(modes[i, j])
        means = {name: np.mean(part) for name, part in parts.items()}
        expected = np.log([means["rising"] / means["falling"], means["x"] / means["y"]])
        np.testing.assert_allclose(lean, expected, rtol=1e-3, atol=1e-5)


def test_the_diagonals_are_those_of_reports():
    maps = fields(8, torch.Generator().manual_seed(2), 0.6, side=256)
    found = leanings(maps)[:, 0].numpy()
    expected = [np.log(diagonal_ratio(one, 29.296875)) for one in maps[:, 0].double().numpy()]
    np.testing.assert_allclose(found, expected, atol=0.05)
    assert np.mean(expected) < -0.5


def test_the_law_of_the_truth_leans_by_nothing_and_others_do():
    random = torch.Generator().manual_seed(3)
    target = fields(64, random)
    level = leaning_of([fields(64, random), fields(64, random)], target)
    assert level.abs().max() < 0.05
    leaning = leaning_of([fields(64, random, 0.4), fields(64, random, 0.4)], target)
    assert leaning[[0, 2]].abs().min() > 0.3
    assert leaning[[1, 3]].abs().max() < 0.1


@pytest.mark.parametrize("start", [(0.5, 0.0), (0.0, -0.4)])
def test_it_sets_a_leaning_painter_upright(start):
    """Though one map's own leaning is a matter of chance, a quarter of what is to be mended."""
    random = torch.Generator().manual_seed(4)
    numbers = torch.tensor(start, requires_grad=True)
    before, seen = torch.zeros(4), []
    descent = torch.optim.SGD([numbers], 0.02)
    for _ in range(800):
        draws = [fields(1, random, *numbers) for _ in range(2)]
        loss = isotropy_loss(leaning_of(draws, fields(1, random)), before)
        descent.zero_grad()
        loss.backward()
        descent.step()
        seen.append(numbers.detach().clone())
    last = torch.stack(seen[-200:])
    assert last.mean(0).abs().max() < 0.06
    assert last.std(0).max() < 0.06


def test_what_is_remembered_is_the_mean_of_the_last_updates():
    before, now = torch.zeros(4), torch.tensor([1.0, 0.0, -2.0, 0.0], requires_grad=True)
    loss = isotropy_loss(now, before)
    torch.testing.assert_close(before, now.detach() / REMEMBERED)
    loss.backward()
    torch.testing.assert_close(now.grad, now.detach() / REMEMBERED)
