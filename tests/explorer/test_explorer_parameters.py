"""An emulator's numbers on the page: their scale, their link, the painting that follows them."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.inference import Worker
from engine.systems.card import Parameter
from explorer import results, threads
from explorer.parameters import from_link, in_link, parts, place_of, value_at
from explorer.scenes.volumes import Volumes
from explorer.store import Store
from explorer.views.controls import Controls
from explorer.views.parameters import labelled
from explorer.volumes import boxes as boxes_module
from explorer.volumes import painting
from tests.explorer.jerald import write_emulators, write_start

STRENGTH = Parameter("dm move alpha 1", "α", "(Mpc/h)^(2+ν)", -20.0, 20.0, 0.2)
SCALE = Parameter("dm move high 2", "k_l", "h/Mpc", 0.03, 600.0, 16.0)
POWER = Parameter("stars map mu", "μ", "", 0.1, 8.0, 1.5)


@pytest.mark.parametrize("about", [STRENGTH, SCALE, POWER])
def test_a_slider_reaches_from_bound_to_bound_and_back_to_every_value(about):
    assert value_at(about, 0) == about.lowest
    assert value_at(about, 1) == about.highest
    places = np.linspace(0, 1, 41)
    values = [value_at(about, place) for place in places]
    assert (np.diff(values) > 0).all()
    assert [place_of(about, value) for value in values] == pytest.approx(places, abs=1e-3)


def test_steps_are_small_where_fitted_values_are():
    near = value_at(STRENGTH, 0.51) - value_at(STRENGTH, 0.5)
    assert near < 0.1 * (STRENGTH.highest - STRENGTH.lowest) / 100
    one, other = (value_at(SCALE, place_of(SCALE, k) + 0.01) / k for k in (0.1, 100.0))
    assert one == pytest.approx(other, rel=1e-2)


def test_parameters_are_dealt_to_the_layers_they_belong_to():
    thin = Parameter("hi_thin attract nu 1", "ν", "", -4.5, 4.5, 0.0)
    assert list(parts([thin])) == ["Thin HI: pull of matter, layer 1"]
    named = [replace(thin, name=f"hi_thin deplete {each}") for each in ("beta1", "beta2", "xi")]
    assert list(parts(named)) == ["Thin HI: depletion by stars"]
    other = Parameter("sigma", "σ", "", 0.0, 1.0, 0.5)
    found = parts([STRENGTH, SCALE, POWER, other])
    assert list(found) == ["Dark matter: layer 1", "Dark matter: layer 2",
                           "Stars: from the density", "All"]  # fmt: skip
    assert labelled(SCALE, -1.5) == "kₗ = −1.5 h/Mpc, 0.03 to 600"


def test_a_link_gives_back_what_it_was_made_of():
    changed = {"dm move alpha 1": -0.1234, "stars map mu": 2.0}
    text = in_link(changed)
    assert text == "dm.move.alpha.1~-0.1234,stars.map.mu~2"
    assert from_link(text, [STRENGTH, POWER]) == changed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("dm.move.alpha.1~99", r"is '99', expected a number from -20 to 20; showing all"),
        ("dm.move.alpha.1~much", r"is 'much', expected a number from -20 to 20"),
        ("dm.move.alpha.1~nan", r"is 'nan', expected a number from -20 to 20"),
        ("beauty~1", r"name 'beauty', expected one of dm\.move\.alpha\.1; showing all"),
    ],
)
def test_what_a_link_cannot_have_is_told_in_a_sentence(text, words):
    with pytest.raises(ValueError, match=words):
        from_link(text, [STRENGTH])


# --- with a box


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's folder, the only one there is."""
    (tmp_path / "simulations").mkdir()
    write_start(tmp_path / "simulations")
    write_emulators(tmp_path / "weights")
    for place in ("engine.simulation", "engine.systems.registry"):
        monkeypatch.setattr(f"{place}.asset_folders", lambda kind: [tmp_path / kind])
    monkeypatch.setattr(painting, "AT_REST", 0.0)
    worker = Worker()
    monkeypatch.setattr(threads, "WORKER", worker)
    for remembered in (results.trained, results.card_named, boxes_module.measured):
        remembered.cache_clear()
    yield tmp_path / "simulations"
    worker.close()
    for remembered in (results.trained, results.card_named, boxes_module.measured):
        remembered.cache_clear()


def opened(**link):
    asked = {"simulation": "start", "field": "stars", "emulator": "jerald"} | link
    store = Store(Volumes(), asked)
    asyncio.run(store.refresh())
    return store


def changed_to(store, **values):
    seen = []
    store.param.watch(lambda event: seen.append(event.new), "results")
    store.selection.set_parameters({name.replace("_", " "): v for name, v in values.items()})
    return seen


def test_the_painting_follows_a_parameter_and_nothing_else_is_read_again(folder, monkeypatch):
    store = opened()
    before = store.results
    monkeypatch.setattr(painting, "read_boxes", lambda *_: pytest.fail("read again"))
    first, *_, last = changed_to(store, stars_map_mu=1.3)
    assert first.boxes["truth"] is before.boxes["truth"]
    assert set(first.curves["power_spectrum"]) == {"truth", "prediction"}
    assert "prediction" not in first.curves["pdf"]
    assert "prediction" in last.curves["pdf"]
    assert last.measured
    emulator = engine.load_emulator("jerald", field="stars")
    simulation = engine.open_simulation("start")
    numbers = {"stars map mu": 1.3}
    expected = engine.paint(emulator, simulation, engine.BoxPlace(), parameters=numbers)
    np.testing.assert_array_equal(last.boxes["prediction"].values, expected.values)
    store.selection.set_parameters({})
    again = store.results.boxes["prediction"].values
    np.testing.assert_array_equal(again, before.boxes["prediction"].values)


def test_parameters_stand_in_the_link_while_they_are_not_the_fits(folder):
    store = opened(parameters="stars.map.mu~1.3,dm.move.alpha.1~0.5")
    assert store.error == ""
    assert store.selection.parameters == {"stars map mu": 1.3, "dm move alpha 1": 0.5}
    assert store.selection.to_query()["parameters"] == "stars.map.mu~1.3,dm.move.alpha.1~0.5"
    assert dict(store.results.request.parameters) == store.selection.parameters
    store.selection.set_parameters({})
    assert "parameters" not in store.selection.to_query()
    wrong = Store(Volumes(), {"simulation": "start", "parameters": "dm.move.alpha.1~99"})
    assert "expected a number from -20 to 20" in wrong.error
    assert wrong.selection.parameters == {}


def test_what_another_emulator_shares_stays_changed(folder):
    store = opened(parameters="stars.map.mu~1.3,dm.move.alpha.1~0.5")
    store.selection.field = "dm"
    assert store.selection.parameters == {"dm move alpha 1": 0.5}
    store.selection.emulator = "particle-mesh"
    assert store.selection.parameters == {}


def test_sliders_are_those_of_the_part_and_go_back_to_the_fit(folder):
    store = opened()
    sliders = Controls(store).each["parameters"]
    assert sliders.layout.visible
    assert sliders.part.value == "Stars: from the density"
    assert set(sliders.each) == {"stars map mu", "stars map w", "stars map b"}
    sliders.each["stars map mu"].value = 0.5
    (about,) = (each for each in store.card.parameters if each.name == "stars map mu")
    assert store.selection.parameters == {"stars map mu": value_at(about, 0.5)}
    assert "1 of 23 numbers changed" in sliders.words.object
    sliders.part.value = "Dark matter: layer 2"
    assert next(iter(sliders.each)) == "dm move alpha 2"
    sliders.each["dm move alpha 2"].value = 0.9
    assert len(store.selection.parameters) == 2
    sliders.reset.clicks += 1
    assert store.selection.parameters == {}
    assert sliders.reset.disabled
    store.selection.field = "dm"
    assert sliders.part.value == "Dark matter: layer 2"
    store.selection.emulator = "particle-mesh"
    assert not sliders.layout.visible


def test_the_particle_mesh_alone_can_be_compared_with(folder):
    store = opened(field="dm", other="particle-mesh")
    assert set(store.results.curves["power_spectrum"]) == {"truth", "prediction", "other"}
    emulator = engine.load_emulator("particle-mesh", field="dm")
    expected = engine.paint(emulator, engine.open_simulation("start"), engine.BoxPlace())
    np.testing.assert_array_equal(store.results.boxes["other"].values, expected.values)


def test_while_a_slider_is_dragged_maps_are_shown_on_the_way_and_the_last_in_the_end(folder):
    """Numbers come faster than maps: the one under way is shown, then the newest, none between."""
    store, shown = opened(), []
    before = store.results.prediction

    def note(event):
        if event.new.prediction is not before:
            shown.append(dict(event.new.request.parameters)["stars map mu"])

    store.param.watch(note, "results")
    values = (1.1, 1.2, 1.3, 1.4)

    async def drag():
        asked = store.scene.request()
        tasks = []
        for value in values:
            request = replace(asked, parameters=(("stars map mu", value),))
            under_way = store._painting.compute(store.simulation, request)
            tasks.append(asyncio.ensure_future(under_way))
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)

    asyncio.run(drag())
    assert list(dict.fromkeys(shown)) == [values[0], values[-1]]
    assert store.results.measured
    assert (store.busy, store.error) == ("", "")
