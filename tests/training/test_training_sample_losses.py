"""Losses of samples: proper on a field whose law is known, and what their slow definitions say."""

import itertools
import math

import numpy as np
import pytest
import torch

from engine.normalization import normalization
from training.losses import spectra, tails, whitening
from training.losses.energy import contrasts, energy_score, texture_score
from training.losses.probability import fair_score, probability_score
from training.losses.responses import box_mean, normalized_area_means, responses
from training.losses.whitening import REFERENCE, Whitening, measure_whitening, pixel_weights

SIDE, MAPS, BATCHES, SCALES = 64, 6, 6, 3
GAS = normalization("gas")


@pytest.fixture(autouse=True)
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def white(random, shape=(MAPS, 1, SIDE, SIDE)):
    return torch.randn(shape, generator=random)


def smooth(noise, side):
    blurred = box_mean(box_mean(noise, side), side)
    return blurred / blurred.std()


class Toy:
    """A field whose law is known: a mean and a spread set by dark matter, times smooth noise."""

    def __init__(self, seed=0):
        self.random = torch.Generator().manual_seed(seed)
        decades = 0.5 * smooth(white(self.random), 7)
        self.dark_matter = REFERENCE * 10**decades
        self.mean = 0.5 + 0.15 * decades
        self.spread = 0.04 * 10 ** (0.3 * decades)

    def draw(self, law="true"):
        noise = white(self.random)
        side = {"uncorrelated": 1, "blotched": 9}.get(law, 3)
        size = {"too wide": 1.5, "too narrow": 0.6}.get(law, 1.0)
        shift = 0.8 if law == "biased" else 0.0
        return self.mean + self.spread * (shift + size * smooth(noise, side))


WRONG = ("too wide", "too narrow", "biased", "uncorrelated", "blotched")


def scenes(draws=2):
    """Batches of maps: a toy, its truth, and draws of each law."""
    for seed in range(BATCHES):
        toy = Toy(seed)
        truth = toy.draw()
        laws = {law: [toy.draw(law) for _ in range(draws)] for law in ("true", *WRONG)}
        yield toy, truth, laws


def units_of(toys):
    trios = [
        tuple(m[i : i + 1] for m in (toy.mean, toy.draw(), toy.dark_matter))
        for toy in toys
        for i in range(MAPS)
    ]
    return measure_whitening(trios, GAS, SCALES)


@pytest.fixture(scope="module")
def table():
    return units_of([Toy(100), Toy(101)])


def at_scales(maps):
    return normalized_area_means(maps, GAS, SCALES)


def energy(toy, truth, draws, table, view=lambda maps: maps):
    units = table.units(toy.dark_matter)
    weights = pixel_weights(toy.dark_matter, units)
    seen = [[view(m) for m in at_scales(draw)] for draw in draws]
    return energy_score(seen, [view(m) for m in at_scales(truth)], units, weights)


def log_energy(toy, truth, draws, table):
    return energy(toy, truth, draws, table, lambda maps: maps.clamp(min=0.05).log())


def texture(toy, truth, draws, table):
    units = table.units(toy.dark_matter)
    weights = pixel_weights(toy.dark_matter, units)
    return texture_score([at_scales(d) for d in draws], at_scales(truth), units, weights)


def detail(toy, truth, draws, table):
    unit = table.units(toy.dark_matter)[0][:, :1]
    return spectra.detail_score(draws, truth, unit, toy.dark_matter, 1e-4)


def mass_and_power(toy, truth, draws, table):
    return spectra.mass_and_power_score(draws, GAS.inverse(truth), GAS)


def masses(toy, truth, draws, table):
    return spectra.masses_score(draws, GAS.inverse(truth), GAS, toy.dark_matter)


def of_tails(toy, truth, draws, table):
    unit = table.units(toy.dark_matter)[0][:, :1]
    return tails.tails_score(draws, truth, unit, toy.dark_matter, 1e-4)


@pytest.mark.parametrize(
    ("score", "seen"),
    [
        (energy, WRONG),
        (log_energy, WRONG),
        # A shift has no contrast and no detail.
        (texture, ("too wide", "too narrow", "uncorrelated", "blotched")),
        (detail, ("too wide", "too narrow", "uncorrelated", "blotched")),
        (mass_and_power, ("too wide", "too narrow", "biased", "uncorrelated", "blotched")),
        # Means over so many pixels hardly tell how each varies: see below.
        (masses, ("biased",)),
        (of_tails, ("too wide", "too narrow", "uncorrelated", "blotched")),
    ],
)
@pytest.mark.parametrize("draws", [2, 3])
def test_the_true_law_scores_best(score, seen, draws, table):
    scores = {law: [] for law in ("true", *WRONG)}
    for toy, truth, laws in scenes(draws):
        for law, drawn in laws.items():
            scores[law].append(float(score(toy, truth, drawn, table)))
    for law in seen:
        worse = np.subtract(scores[law], scores["true"])
        assert worse.mean() > 3 * worse.std(ddof=1) / math.sqrt(BATCHES), law
    for law in set(WRONG) - set(seen):
        worse = np.subtract(scores[law], scores["true"])
        assert worse.mean() > -3 * worse.std(ddof=1) / math.sqrt(BATCHES), law


def test_a_fair_score_is_its_definition():
    random = torch.Generator().manual_seed(0)
    draws, truth = [torch.randn(5, generator=random) for _ in range(4)], torch.zeros(5)
    expected = sum((d - truth).abs() for d in draws) / 4
    pairs = itertools.permutations(draws, 2)
    expected = expected - sum((a - b).abs() for a, b in pairs) / (2 * 4 * 3)
    torch.testing.assert_close(fair_score(draws, truth), expected)
    two = float(probability_score([draws[0]], [draws[1]], [truth]))
    assert float(fair_score(draws[:2], truth).mean()) == pytest.approx(two)
    with pytest.raises(ValueError, match="at least two"):
        fair_score(draws[:1], truth)


def test_responses_are_differences_of_neighbours_across_the_seam():
    u = torch.rand(1, 1, 4, 5, generator=torch.Generator().manual_seed(1))
    found = responses(u)
    v = u[0, 0].numpy()
    for y, x in itertools.product(range(4), range(5)):
        a, b = v[y, x], v[y, (x + 1) % 5]
        c, d = v[(y + 1) % 4, x], v[(y + 1) % 4, (x + 1) % 5]
        expected = [a, b - a, c - a, d - a, c - b, a - b - c + d]
        np.testing.assert_allclose(found[0, :, y, x], expected, rtol=1e-5, atol=1e-6)


def test_area_means_keep_the_mass():
    painted = Toy().draw()
    for scale in at_scales(painted):
        found = GAS.inverse(scale).mean()
        assert float(found) == pytest.approx(float(GAS.inverse(painted).mean()), rel=1e-4)


def test_units_are_the_spread_of_each_class(table):
    toy = Toy(102)
    found = table.units(toy.dark_matter)[0]
    ratio = found[:, 0] / toy.spread[:, 0]
    usual = (toy.dark_matter[:, 0] / REFERENCE).log10().abs() < 0.6
    assert ratio[usual].mean() == pytest.approx(1, abs=0.05)
    # Twice the kernel's correlation of neighbours is missing in a difference.
    noise = smooth(white(torch.Generator().manual_seed(1)), 3)
    step = float((noise.roll(-1, -1) - noise).std())
    assert (found[:, 1] / toy.spread[:, 0])[usual].mean() == pytest.approx(step, abs=0.06)


def test_a_class_without_pixels_has_its_neighbours_unit():
    toy = Toy()
    trio = [m[:1] for m in (toy.mean, toy.draw(), 0 * toy.dark_matter + REFERENCE)]
    found = measure_whitening([tuple(trio)], GAS, 2)
    assert (found.rms[:, :, :1] == found.rms).all()
    assert found.rms.min() >= whitening.SMALLEST
    rounded = found.with_rounding(0.1).rms
    torch.testing.assert_close(rounded, (found.rms**2 + 0.01).sqrt())


def test_weights_have_a_mean_of_one_and_favour_mass(table):
    toy = Toy()
    units = table.units(toy.dark_matter)
    for scale, weights in enumerate(pixel_weights(toy.dark_matter, units)):
        assert float(weights.mean()) == pytest.approx(1, rel=1e-4)
        dense = toy.dark_matter.flatten().argmax()
        if scale == 0:
            assert weights.flatten()[dense] > 1.5


def test_energy_score_is_its_definition(table):
    """Pixel by pixel, with numbers instead of tensors' tricks."""
    toy, truth, laws = next(scenes())
    draws = laws["too wide"]
    units = [u[:1, :, :8, :8] for u in table.units(toy.dark_matter)[:1]]
    weights = [torch.rand(1, 1, 8, 8, generator=toy.random)]
    one, other, true = (m[:1, :, :8, :8] for m in (*draws, truth))
    found = energy_score([[one], [other]], [true], units, weights)
    r = [(responses(m) / units[0])[0].double().numpy() for m in (one, other, true)]
    total = 0.0
    for y, x in itertools.product(range(8), range(8)):
        a, b, t = (v[:, y, x] for v in r)
        alone = np.mean((abs(a - t) + abs(b - t) - abs(a - b)) / 2)
        size = [np.sqrt(np.mean(d**2)) for d in (a - t, b - t, a - b)]
        together = (size[0] + size[1] - size[2]) / 2
        total += float(weights[0][0, 0, y, x]) * (alone + together) / 2
    assert float(found) == pytest.approx(total / 64, rel=1e-4)


def test_contrasts_are_log_mean_and_log_rms_in_overlapping_windows():
    random = torch.Generator().manual_seed(3)
    whitened = torch.randn(1, 6, 16, 16, generator=random)
    found = contrasts(whitened)[0]
    assert found.shape == (10, 4, 4)
    for i, j in itertools.product(range(4), range(4)):
        rows, columns = [(4 * i + np.arange(8)) % 16, (4 * j + np.arange(8)) % 16]
        window = whitened[0, 1:].numpy()[:, rows[:, None], columns]
        mean = np.log(np.abs(window).mean((1, 2)) + 0.1)
        rms = np.log((window**2).mean((1, 2)) + 0.01) / 2
        np.testing.assert_allclose(found[:, i, j], [*mean, *rms], rtol=1e-4, atol=1e-5)


def test_detail_power_is_its_definition():
    toy = Toy(4)
    maps, windows = toy.draw()[:1], spectra.environments(toy.dark_matter)[:1, 2:3]
    found = spectra.log_detail_power(maps, windows, 1e-3)[0, 0].double().numpy()
    seen = ((maps - box_mean(maps, 9)) * windows)[0, 0].double().numpy()
    modes = np.abs(np.fft.fft2(seen)) ** 2 / SIDE**2
    power, number = np.zeros(20), np.zeros(20)
    frequency = np.fft.fftfreq(SIDE, 1 / SIDE)
    for i, j in itertools.product(range(SIDE), range(SIDE)):
        ky, kx = frequency[i], frequency[j]
        k = math.hypot(ky, kx)
        # rfft2 keeps the half plane kx >= 0 and, of its edges, both ends.
        if not (2.5 <= k < SIDE / 2 and kx >= 0):
            continue
        ring = min(int(math.log(k / 2.5) / math.log(SIDE / 2 / 2.5) * 5), 4)
        sector = round(math.degrees(math.atan2(ky, kx)) / 45) % 4
        power[4 * ring + sector] += modes[i, j]
        number[4 * ring + sector] += 1
    floor = ((1e-3 * windows) ** 2).double().mean().item()
    np.testing.assert_allclose(found, np.log(power / number + floor), rtol=1e-3, atol=2e-3)


def lopsided(toy):
    """Detail of a toy's draw turned about, so that what is rare and large is bright."""
    detail = toy.draw() - toy.mean
    rare = detail.clamp(min=0).square() / toy.spread
    return toy.mean + (rare - box_mean(rare, 9)) * (detail.std() / rare.std())


def test_pits_where_the_truth_has_knots_are_told_by_tails_alone(table):
    worse = {of_tails: [], detail: []}
    for seed in range(BATCHES):
        toy = Toy(seed)
        truth, knots = lopsided(toy), [lopsided(toy) for _ in range(2)]
        pits = [2 * toy.mean - draw for draw in knots]
        for score, found in worse.items():
            right, wrong = (float(score(toy, truth, draws, table)) for draws in (knots, pits))
            found.append(wrong - right)
    error = {score: np.std(found, ddof=1) / math.sqrt(BATCHES) for score, found in worse.items()}
    assert np.mean(worse[of_tails]) > 5 * error[of_tails]
    assert abs(np.mean(worse[detail])) < 3 * error[detail]


def test_tails_are_their_definition():
    toy = Toy(4)
    maps, unit = toy.draw()[:1], toy.spread[:1]
    shares = spectra.environments(toy.dark_matter, spectra.MASS_CENTRES)[:1]
    found = tails.log_tails(maps, shares, unit, 1e-3)[0].double().numpy()
    smooth, width = maps[0, 0].double().numpy(), unit[0, 0].double().numpy()
    for size in range(tails.SIZES):
        fine = smooth
        for axis, by in itertools.product((0, 1), (2**size,)):
            smooth = smooth / 2 + (np.roll(smooth, by, axis) + np.roll(smooth, -by, axis)) / 4
        for sign, power in itertools.product((1, -1), tails.POWERS):
            part = np.maximum(sign * (fine - smooth), 0) / width + 1e-3 / width
            place = size + tails.SIZES * (sign < 0) + 2 * tails.SIZES * (power == 3)
            for i, share in enumerate(shares[0].double().numpy()):
                expected = np.log((share * part**power).sum() / max(share.sum(), 1) + 1e-12) / power
                assert found[i, place] == pytest.approx(expected, rel=1e-3, abs=2e-3)


def test_environments_share_every_pixel():
    found = spectra.environments(Toy().dark_matter)
    assert (found >= 0).all()
    torch.testing.assert_close(found.sum(1), torch.ones(MAPS, SIDE, SIDE))
    uniform = spectra.environments(torch.full((1, 1, 16, 16), REFERENCE * 10**0.35))
    torch.testing.assert_close(
        uniform.mean((0, 2, 3)), torch.tensor([0.0, 0, 1, 0]), atol=1e-5, rtol=0
    )


def test_masses_of_environments_are_their_definition():
    toy = Toy(4)
    maps = GAS.inverse(toy.draw())
    shares = spectra.environments(toy.dark_matter, spectra.MASS_CENTRES)
    found = spectra.log_masses(maps, shares, torch.tensor(2.0))
    for i, j in itertools.product(range(MAPS), range(len(spectra.MASS_CENTRES))):
        share, density = shares[i, j].double(), maps[i, 0].double() / 2
        mean = float((share * density).sum() / max(float(share.sum()), 1.0))
        expected = 2 * math.log(max(mean, 1e-3))
        assert float(found[i, j]) == pytest.approx(expected, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize(
    ("width", "moved"), [(0.6, 0.0), (0.05, 0.0), (0.2, 0.3)], ids=["wide", "narrow", "moved"]
)
def test_masses_that_differ_as_the_truth_score_best(width, moved):
    random, worse = torch.Generator().manual_seed(0), []
    for seed in range(40):
        toy = Toy(seed)
        shares = spectra.environments(toy.dark_matter, spectra.MASS_CENTRES)
        maps = GAS.inverse(toy.mean)

        def drawn(width, moved, maps=maps, shares=shares):
            """Maps whose environments have each their own chance, and the third more mass."""
            chance = width * torch.randn(MAPS, shares.shape[1], 1, 1, generator=random)
            chance[:, 2] += moved
            return maps * (shares * chance).sum(1, keepdim=True).exp()

        truth = drawn(0.2, 0.0)
        scores = []
        for law in ((0.2, 0.0), (width, moved)):
            draws = [GAS.forward(drawn(*law)) for _ in range(2)]
            scores.append(float(spectra.masses_score(draws, truth, GAS, toy.dark_matter)))
        worse.append(scores[1] - scores[0])
    assert np.mean(worse) > 3 * np.std(worse, ddof=1) / math.sqrt(len(worse))


def test_a_map_without_haloes_has_a_finite_score():
    void = torch.full((1, 1, SIDE, SIDE), 0.1 * REFERENCE)
    draws = [torch.rand(1, 1, SIDE, SIDE).requires_grad_() for _ in range(2)]
    score = spectra.detail_score(draws, torch.rand_like(void), torch.ones_like(void), void, 1e-3)
    score.backward()
    assert torch.isfinite(score)
    assert torch.isfinite(draws[0].grad).all()


def test_mass_and_power_of_a_wave():
    x = torch.arange(SIDE) * 2 * math.pi / SIDE
    maps = (3 + 1.2 * torch.cos(4 * x)).expand(1, 1, SIDE, SIDE)
    found = spectra.log_mass_and_power(maps, torch.tensor(1.5))[0]
    assert float(found[0]) == pytest.approx(2 * math.log(2), rel=1e-5)
    # A contrast of amplitude A has A^2 / 4 in the one mode that rfft2 keeps along kx.
    assert float(found[1:].exp().max()) == pytest.approx(0.4**2 / 4, rel=1e-4)
    assert float(found[1:].exp().sort().values[-2]) < 1e-6


def test_no_pixel_gets_more_than_its_share_of_the_gradient(monkeypatch):
    toy = Toy()
    truth = toy.draw()[:1]
    draws = [toy.draw()[:1].requires_grad_() for _ in range(2)]
    with torch.no_grad():
        for i, draw in enumerate(draws):  # the outer of two beyond the truth has none
            draw[:, 0, 3, 5] = truth.max() + 0.9 - 0.1 * i

    def largest():
        draws[1].grad = None
        (10 * spectra.mass_and_power_score(draws, GAS.inverse(truth), GAS)).backward()
        return float(draws[1].grad.abs().max())

    assert largest() == pytest.approx(spectra.STEEPEST)
    monkeypatch.setattr(spectra, "STEEPEST", math.inf)
    assert largest() > 2 * 2e-2


def test_scores_have_gradients_for_every_draw(table):
    toy = Toy()
    truth = toy.draw()
    for score in (energy, log_energy, texture, detail, mass_and_power, masses, of_tails):
        draws = [toy.draw().requires_grad_() for _ in range(2)]
        score(toy, truth, draws, table).backward()
        assert all(torch.isfinite(d.grad).all() and d.grad.any() for d in draws)


def test_a_whitening_has_a_table_for_each_scale():
    units = Whitening(torch.ones(3, 4, whitening.CLASSES)).units(Toy().dark_matter)
    assert [u.shape for u in units] == [(MAPS, 6, SIDE >> i, SIDE >> i) for i in range(3)]
    assert all((u == 1).all() for u in units)
