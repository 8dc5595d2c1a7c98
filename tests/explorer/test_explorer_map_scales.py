"""Units, stretches, contrasts and halo rings of the maps, without a browser."""

import numpy as np
import pytest

import engine
from engine.cosmology import Cosmology
from engine.halos import Halos
from engine.mesh import Slab
from engine.units import HYDROGEN_MASS_IN_G, KPC_IN_CM, MSUN_IN_G, column_density
from explorer.display import Display
from explorer.plots.limits import contrast_limits, limits
from explorer.plots.map_figure import EMPTY
from explorer.plots.maps import linked_maps
from explorer.plots.rings import rings
from explorer.plots.stretch import Stretch, nice_above, nice_step, symmetric_ticks
from explorer.scale import length_of, scale_of
from explorer.style import DIVERGING, HIGHLIGHT, OTHERS, RING, SAFE, palette
from explorer.views.colour_bar import ColourBar
from explorer.views.colours import colour_picker

PLANCK = Cosmology(Omega_m=0.3089, Omega_b=0.0486, h=0.6774)


def slab(values=None, field="hi", **changes):
    return Slab(
        **{
            "values": np.ones((100, 100)) if values is None else values,
            "field": field,
            "cell_size": 100.0,
            "depth": 2.5,
            "box_size": 10.0,
            "redshift": 2.0,
            "cosmology": PLANCK,
            **changes,
        }
    )


def test_a_physical_area_holds_as_much_as_the_comoving_one_it_stands_for():
    scale = scale_of(slab(field="gas"), physical=True)
    assert scale.factor == 9
    assert scale.label == "gas surface density [M⊙ h / pkpc²]"
    assert scale_of(slab(field="gas")).factor == 1
    assert scale_of(slab(field="temperature"), physical=True).factor == 1


def test_a_length_is_shorter_by_the_scale_factor_and_without_h():
    assert length_of(slab()) == (1, "cMpc/h")
    factor, unit = length_of(slab(), physical=True)
    assert unit == "pMpc"
    assert factor * 3 * 0.6774 == pytest.approx(1)


def test_column_densities_count_the_atoms_of_the_mass():
    # 1 Msun h / ckpc^2 over the whole comoving square kpc, at z = 2 a ninth as large.
    atoms = 0.6774 * MSUN_IN_G / HYDROGEN_MASS_IN_G
    assert column_density(1.0, 2.0, 0.6774) == pytest.approx(atoms * 9 / KPC_IN_CM**2)
    for physical in (False, True):
        scale = scale_of(slab(), physical, columns=True)
        assert (scale.unit, scale.factor) == ("cm⁻²", column_density(1.0, 2.0, 0.6774))
    assert scale_of(slab(field="gas"), columns=True).unit == "M⊙ h / ckpc²"


@pytest.mark.parametrize("name", ["log", "asinh", "linear"])
def test_a_stretch_keeps_the_order_and_can_be_undone(name):
    stretch = Stretch(name, softening=300.0)
    values = np.geomspace(1e-2, 1e8, 50)
    places = stretch.place(values)
    assert (np.diff(places) > 0).all()
    np.testing.assert_allclose(stretch.value(places), values, rtol=1e-9)
    assert stretch.place(0) == (EMPTY if name == "log" else 0)


def test_asinh_is_linear_for_the_faint_and_logarithmic_for_the_bright():
    stretch = Stretch("asinh", softening=1e4)
    assert stretch.place(2.0) == pytest.approx(2 * stretch.place(1.0), rel=1e-6)
    assert stretch.place(1e9) - stretch.place(1e8) == pytest.approx(1, abs=1e-6)
    assert stretch.place(-5.0) == -stretch.place(5.0)


@pytest.mark.parametrize("name", ["log", "asinh", "linear"])
def test_bars_begin_and_end_at_ticks_around_their_limits(name):
    stretch = Stretch(name, softening=2e4)
    low, high = (float(place) for place in stretch.place([3e3, 4.1e6]))
    start, end = stretch.bar(low, high)
    ticks = stretch.ticks(start, end)
    assert start <= low < high <= end
    assert ticks[0][0] == pytest.approx(start)
    assert ticks[-1][0] == pytest.approx(end)
    if name != "linear":
        assert ticks[-1][1] == "10⁷"


@pytest.mark.parametrize("decades", [1, 8, 9, 16, 30])
def test_words_along_many_decades_have_room(decades):
    ticks = Stretch("log").ticks(-7.0 - decades, -7.0)
    assert [place for place, _ in ticks] == list(np.arange(-7.0 - decades, -6.5))
    written = [place for place, words in ticks if words]
    assert written[-1] == -7
    assert min(9, decades + 1) // 2 <= len(written) <= 9
    assert len(set(np.diff(written))) == 1


@pytest.mark.parametrize("value", [1e-3, 1.3, 2, 9.99, 7e5, 3.2e6])
def test_linear_bars_end_at_round_numbers_just_above(value):
    end = nice_above(value)
    assert value <= end <= 1.6 * value
    assert end / nice_step(end) == pytest.approx(round(end / nice_step(end)))


def test_ticks_of_a_difference_mirror_each_other():
    places = [place for place, _ in symmetric_ticks(Stretch("asinh", 1e3), 4.3)]
    np.testing.assert_allclose(places, np.negative(places[::-1]))
    assert 0 in places


def test_default_limits_of_a_contrast_follow_its_size():
    rng = np.random.default_rng(3)
    truth = slab(rng.lognormal(0, 1, (200, 200)))
    difference, ratio = contrast_limits(truth, slab(truth.values * 2))
    assert ratio == pytest.approx(0.4)  # log10(2), rounded up to tenths
    assert difference == pytest.approx(np.percentile(truth.values, 99.5), rel=1e-6)


def lightness(colours, matrix):
    """CIE L* of colours as an eye with this matrix of linear RGB sees them, (n,)."""
    rgb = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in colours]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = np.clip(linear @ np.transpose(matrix), 0, 1) @ [0.2126729, 0.7151522, 0.072175]
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


VISIONS = {  # Machado, Oliveira & Fernandes 2009, severity 1
    "all": np.eye(3),
    "no red": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def least_step(name, vision):
    """Smallest of 31 steps of lightness along a colour map, by their mean."""
    steps = np.diff(lightness(palette(name)[::8], VISIONS[vision]))
    return steps.min() / steps.mean()


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("name", SAFE)
def test_safe_colour_maps_brighten_evenly_for_every_colour_vision(name, vision):
    assert least_step(name, vision) > 0.4


@pytest.mark.parametrize("name", OTHERS)
def test_the_others_do_not(name):
    assert least_step(name, "no blue") < 0.4


def test_a_colour_map_is_picked_by_its_swatch():
    display = Display(field_colours="Viridis")
    picker = colour_picker(display, "field_colours")
    assert picker.value == palette("Viridis")[::15]
    assert picker.value[-1] == palette("Viridis")[-1]
    assert "Inferno (not for blue-blindness)" in picker.options
    picker.value = picker.options["Cividis"]
    assert display.field_colours == "Cividis"


@pytest.mark.parametrize("vision", VISIONS)
def test_a_difference_is_darkest_at_zero_for_every_colour_vision(vision):
    seen = lightness(DIVERGING[::8] + DIVERGING[-1:], VISIONS[vision])
    middle = len(seen) // 2
    assert (np.diff(seen[: middle - 1]) < 0).all()
    assert (np.diff(seen[middle + 1 :]) > 0).all()


@pytest.fixture
def halos():
    position = [[5, 5, 1], [0.1, 9.9, 9.9], [5, 5, 3], [4, 4, 0.5], [4, 6, 0.5]]
    return Halos(
        position=np.array(position),
        mvir=np.ones(5),
        rvir=np.array([500.0, 400.0, 300.0, 250.0, 90.0]),
        fof_mass=np.zeros(5),
        run="hydro",
    )


def test_a_halo_belongs_to_the_slab_that_holds_its_centre(halos):
    assert list(halos.in_slab(slab())) == [0, 3, 4]
    assert list(halos.in_slab(slab(start=9.0))) == [0, 1, 3, 4]  # over the periodic edge


def test_rings_have_the_virial_radius_and_leave_out_what_is_smaller_than_a_pixel(halos):
    drawn = rings(halos, slab())
    assert list(drawn["number"]) == [0, 3]
    np.testing.assert_allclose(drawn["radius"], [0.5, 0.25])
    assert drawn["alpha"][0] > drawn["alpha"][1]  # five pixels, and two and a half


def test_a_ring_over_a_corner_is_drawn_at_all_four(halos):
    drawn = rings(halos, slab(start=9.0))
    corners = {
        (round(float(x), 3), round(float(y), 3))
        for x, y, number in zip(drawn["x"], drawn["y"], drawn["number"], strict=True)
        if number == 1
    }
    assert corners == {(0.1, 9.9), (10.1, 9.9), (0.1, -0.1), (10.1, -0.1)}


@pytest.mark.parametrize(("axis", "place"), [("x", (5, 1)), ("y", (5, 1))])
def test_rings_follow_the_line_of_sight(halos, axis, place):
    drawn = rings(halos, slab(axis=axis, start=4.5))
    first = list(drawn["number"]).index(0)
    assert (drawn["x"][first], drawn["y"][first]) == place


def test_lit_haloes_stand_out_until_others_do(halos):
    linked = linked_maps({"input": "input", "truth": "field"})
    linked.set_halos(halos, slab())
    for lit in (0, 3):
        linked.light_rings([lit])
        data = linked.axes.halos.data
        expected = [HIGHLIGHT if number == lit else RING for number in data["number"]]
        assert list(data["colour"]) == expected


def test_going_to_a_place_twice_is_told_twice():
    linked = linked_maps({"input": "input", "truth": "field"})
    places = []
    linked.state.on_change("place", lambda attr, old, new: places.append(list(new)))
    linked.go_to(3, 4, 2)
    linked.go_to(3, 4, 2)
    assert [place[:3] for place in places] == [[3, 4, 2], [3, 4, 2]]


def test_rings_are_shown_on_all_maps_or_none():
    linked = linked_maps({"input": "input", "truth": "field"})
    renderers = [renderer for each in linked.each for renderer in each.rings]
    assert not any(renderer.visible for renderer in renderers)
    linked.show_rings(True)
    assert len(renderers) == 6
    assert all(renderer.visible for renderer in renderers)


def bar_of(stretch="log"):
    values = np.geomspace(1e3, 1e9, 64 * 64).reshape(64, 64).astype(np.float32)
    slab = Slab(
        values=values, field="hi", cell_size=29.3, depth=1.4, box_size=11.25, redshift=2.0,
        cosmology=PLANCK,
    )  # fmt: skip
    bar = ColourBar(linked_maps({"truth": "field"}).maps["truth"].mapper, "Truth")
    bar.set_default_limits("hi", slab)
    bar.set_units(stretch, scale_of(slab))
    return bar, scale_of(slab)


@pytest.mark.parametrize("stretch", ["log", "asinh", "linear"])
def test_percentiles_are_placed_under_the_stretch_that_is_on_show_when_they_arrive(stretch):
    bar, scale = bar_of("linear")
    bar.set_units(stretch, scale)
    bar.set_limits(2e4, 3e8)
    np.testing.assert_allclose(bar.stretch.value(bar.slider.value), [2e4, 3e8], rtol=1e-9)
    assert bar.chosen_limits == pytest.approx((2e4, 3e8))
    assert bar.slider.start <= bar.slider.value[0] < bar.slider.value[1] <= bar.slider.end


@pytest.mark.parametrize("stretch", ["log", "asinh"])
def test_a_handle_moved_under_another_stretch_leaves_no_infinite_limits(stretch):
    bar, scale = bar_of(stretch)
    bar.slider.value = (1e4, 1e8)  # linear places that arrive too late
    assert bar.chosen_limits is None, "a link must not hold what it refuses"
    bar.set_units("asinh" if stretch == "log" else "log", scale)
    assert np.isfinite(bar.slider.value).all()
    assert (bar.slider.start, bar.slider.end) != (1e4, 1e8)
    assert len(bar.slider.marks) < 20


@pytest.mark.parametrize("field", ["gas", "dm"])
def test_by_default_halo_centres_keep_their_structure(field):
    """Of the heaviest haloes' inner halves less than half is in the highest colour."""
    simulation = engine.open_simulation("hydro11-z2")
    shown, halos = simulation.slab(field, "z", 0), simulation.halos("hydro")
    top, dex = limits(shown).high, np.log10(shown.values)
    inside = halos.in_slab(shown)
    heaviest = inside[np.argsort(halos.mvir[inside])[-12:]]
    side, pixel = shown.box_size, shown.pixel_size / 1000
    centres = (np.arange(len(dex)) + 0.5) * pixel
    shares = []
    for number in heaviest:
        x, y, _ = halos.position[number]
        dx, dy = (offset - side * np.round(offset / side) for offset in (centres - x, centres - y))
        within = np.hypot(dx[None, :], dy[:, None]) < 0.5 * halos.rvir[number] / 1000
        shares.append((dex[within] > top).mean())
    assert 0 < np.median(shares) < 0.5
