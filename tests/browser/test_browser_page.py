import re
from urllib.error import HTTPError
from urllib.parse import parse_qs, urljoin, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import expect

from engine.recipe import Recipe
from tests.browser.conftest import WINDOWS


class NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


NAMES = ("input", "truth", "prediction")


@pytest.fixture
def picture(tmp_path):
    """A function that takes a picture of one map."""

    def take(visit, name):
        path = tmp_path / "map.png"
        visit.figure(name).screenshot(path=path)
        with Image.open(path) as image:
            return image.convert("RGB")

    return take


def differ(one, other):
    return ImageChops.difference(one, other).getbbox() is not None


def overflow(visit):
    return visit.page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def test_the_page_shows_three_maps_and_their_curves(explorer, picture):
    explorer.open("?simulation=hydro11-z2").painted()
    maps = explorer.maps()
    for name in NAMES:
        assert maps[name]["shown"]
        assert maps[name]["note"] == ""
        assert len(picture(explorer, name).getcolors(1 << 20)) > 200
    assert differ(picture(explorer, "truth"), picture(explorer, "prediction"))
    for words in ("Power spectrum", "Pixel PDF", "True gas mass", "cMpc/h", "CPU, "):
        expect(explorer.page.get_by_text(words).first).to_be_visible()


def test_the_page_opens_with_what_it_is_for(explorer):
    explorer.open().painted()
    expect(explorer.page.get_by_text("True neutral hydrogen mass")).to_be_visible()
    new = explorer.page.get_by_role("button", name="New sample")
    expect(new).to_be_enabled()
    before = explorer.shown()
    new.click()
    explorer.settle(before)


def test_truth_and_prediction_have_the_same_colours_for_the_same_values(explorer):
    explorer.open("?simulation=hydro11-z2").painted()
    maps = explorer.maps()
    for end in ("low", "high"):
        assert maps["truth"][end] == maps["prediction"][end]
    assert maps["input"]["low"] != maps["truth"]["low"]


def test_zooming_one_map_zooms_all_and_fetches_what_is_seen(explorer, picture):
    explorer.open("?simulation=hydro11-z2").painted()
    explorer.rest()
    before, seen = explorer.maps(), {name: picture(explorer, name) for name in NAMES}
    requests, shown = len(explorer.viewports), explorer.shown()
    explorer.figure("truth").hover()
    for _ in range(3):
        explorer.page.mouse.wheel(0, -300)
    explorer.settle(after=shown)
    explorer.rest()
    after = explorer.maps()
    widths = {after[name]["end"] - after[name]["start"] for name in NAMES}
    assert len(widths) == 1
    assert widths.pop() < 0.7 * (before["truth"]["end"] - before["truth"]["start"])
    for name in NAMES:
        assert after[name]["dw"] < before[name]["dw"]
        assert after[name]["x"] <= after[name]["start"]
        assert after[name]["x"] + after[name]["dw"] >= after[name]["end"]
        assert differ(seen[name], picture(explorer, name))
    assert len(explorer.viewports) > requests
    x0, x1, _, _ = map(
        float, parse_qs(urlsplit(explorer.viewports[-1]).query)["window"][0].split(",")
    )
    assert x1 - x0 < before["truth"]["dw"]


def test_dragging_moves_all_maps_and_the_button_brings_the_whole_back(explorer):
    explorer.open("?simulation=hydro11-z2").painted()
    shown = explorer.shown()
    explorer.figure("input").hover()
    explorer.page.mouse.wheel(0, -600)
    explorer.settle(after=shown)
    explorer.rest()
    shown = explorer.shown()
    before = explorer.maps()["prediction"]["start"]
    box = explorer.figure("input").bounding_box()
    x, y = box["x"] + 200, box["y"] + 200
    explorer.page.mouse.move(x, y)
    explorer.page.mouse.down()
    explorer.page.mouse.move(x - 80, y, steps=4)
    explorer.page.mouse.up()
    explorer.settle(after=shown)
    assert explorer.maps()["prediction"]["start"] > before
    explorer.page.get_by_role("button", name="Whole map").click()
    explorer.page.wait_for_function(
        f"() => {{ const {{start, end}} = ({WINDOWS})().truth; return start == 0 && end == 11.25 }}"
    )
    explorer.settle()


def test_the_pointer_reads_the_value_on_all_maps(explorer):
    explorer.open("?simulation=hydro11-z2").painted()
    explorer.figure("truth").hover(position={"x": 100, "y": 120})
    explorer.page.wait_for_function(
        "() => Array.from(Bokeh.documents[0].all_models).filter(({type, text, visible}) =>"
        " type == 'Label' && visible && /M⊙ h \\/ ckpc²/.test(text)).length == 3"
    )
    texts = explorer.page.evaluate(
        "() => Array.from(Bokeh.documents[0].all_models)"
        ".filter(({type, visible}) => type == 'Label' && visible).map(({text}) => text).join()"
    )
    assert "cMpc/h" in texts
    assert "x " in texts


def test_another_slab_changes_maps_facts_and_link(explorer, picture):
    explorer.open("?simulation=hydro11-z2").painted()
    explorer.rest()
    seen, before = {name: picture(explorer, name) for name in NAMES}, explorer.maps()
    facts = explorer.page.get_by_text("True gas mass").locator("..").inner_text()
    shown = explorer.shown()
    explorer.press("ArrowRight", "Slab")
    explorer.settle(after=shown)
    explorer.painted()
    explorer.rest()
    after = explorer.maps()
    for name in NAMES:
        assert after[name]["mean"] != before[name]["mean"]
        assert differ(seen[name], picture(explorer, name))
        assert after[name]["low"] == before[name]["low"]
    assert "slab=1" in explorer.page.url
    assert "simulation=hydro11-z2" in explorer.page.url
    assert explorer.page.get_by_text("True gas mass").locator("..").inner_text() != facts


def test_a_link_opens_the_slab_it_names(explorer):
    explorer.open("?simulation=hydro11-z2&slab=5").painted()
    expect(explorer.page.get_by_role("slider", name="Slab")).to_have_attribute("aria-valuenow", "5")
    expect(explorer.page.get_by_text("7.03 to 8.44 cMpc/h along z")).to_be_visible()


def test_colour_limits_move_in_the_browser_alone(explorer, picture):
    explorer.open("?simulation=hydro11-z2").painted()
    explorer.rest()
    seen = {name: picture(explorer, name) for name in NAMES}
    before, requests = explorer.maps(), len(explorer.viewports)
    explorer.press("ArrowLeft", "Truth and prediction", handle=1, times=60)
    explorer.page.wait_for_function(
        f"() => Array.from(Bokeh.documents[0].all_models).some(({{type, high}}) =>"
        f" type == 'LinearColorMapper' && Math.abs(high - {before['truth']['high'] - 0.6}) < 1e-6)"
    )
    after = explorer.maps()
    assert after["prediction"]["high"] == after["truth"]["high"]
    assert after["input"]["high"] == before["input"]["high"]
    explorer.page.mouse.move(5, 5)
    for name in ("truth", "prediction"):
        explorer.until(lambda name=name: differ(seen[name], picture(explorer, name)))
    assert not differ(seen["input"], picture(explorer, "input"))
    assert len(explorer.viewports) == requests
    explorer.page.get_by_role("button", name="Reset limits").click()
    explorer.page.wait_for_function(
        f"() => Array.from(Bokeh.documents[0].all_models).some(({{type, high}}) =>"
        f" type == 'LinearColorMapper' && Math.abs(high - {before['truth']['high']}) < 1e-6)"
    )


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?simulation=nowhere", ["Simulation in the link is 'nowhere'", "hydro11-z2"]),
        ("?simulation=hydro11-z2&slab=99", ["Slab in the link is '99'", "0 to 7"]),
        ("?emulator=<b>magic</b>", ["Emulator in the link is '<b>magic</b>'", "ember-unet"]),
    ],
)
def test_an_unknown_name_in_the_link_is_told_and_the_page_works(explorer, query, words):
    explorer.open(query).painted()
    alert = explorer.page.get_by_role("alert")
    assert all(word in alert.inner_text() for word in words)
    shown = explorer.shown()
    explorer.press("ArrowRight", "Slab")
    explorer.settle(after=shown)
    explorer.painted()
    alert.wait_for(state="hidden")


def test_a_broken_file_is_told_and_the_page_goes_on(explorer):
    explorer.open("?simulation=zz-broken").painted()
    assert (
        "zz-broken.hdf5 is not a readable HDF5 file"
        in explorer.page.get_by_role("alert").inner_text()
    )
    assert explorer.maps()["truth"]["shown"]


def test_a_dark_matter_only_simulation_opens_and_is_painted(explorer, picture):
    explorer.open("?simulation=zz-dark-only").painted()
    maps = explorer.maps()
    assert "has no\ngas" in maps["truth"]["note"]
    assert not maps["truth"]["shown"]
    for name in ("input", "prediction"):
        assert len(picture(explorer, name).getcolors(1 << 20)) > 200
    assert explorer.page.get_by_role("alert").count() == 0


def test_a_simulation_is_picked_from_the_list(explorer):
    explorer.open("?simulation=hydro11-z2").painted()
    shown = explorer.shown()
    explorer.page.get_by_role("combobox", name="Simulation").click()
    explorer.page.get_by_role("option", name="zz-dark-only").click()
    explorer.settle(after=shown)
    explorer.painted()
    expect(explorer.page).to_have_url(re.compile("simulation=zz-dark-only"))
    assert not explorer.maps()["truth"]["shown"]


@pytest.mark.parametrize("width", [1440, 1024, 420])
def test_maps_are_square_and_nothing_runs_over_the_side(explorer, width):
    explorer.page.set_viewport_size({"width": width, "height": 900})
    explorer.open("?simulation=hydro11-z2").painted()
    explorer.rest()
    assert overflow(explorer) == 0
    for name in NAMES:
        box = explorer.figure(name).bounding_box()
        assert box["width"] == pytest.approx(box["height"], abs=1)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["width"] > 200


def test_the_light_theme_can_be_chosen(explorer):
    explorer.open("?simulation=hydro11-z2").painted()
    main = explorer.page.locator("main")
    dark = main.evaluate("(element) => getComputedStyle(element).backgroundColor")
    assert dark == "rgb(15, 18, 22)"
    explorer.page.get_by_label("Toggle theme").click()
    expect(main).to_have_css("background-color", "rgb(243, 244, 246)")


@pytest.mark.parametrize(
    "command",
    [
        ("panel", "serve", "explorer", "--prefix", "some/where"),
        ("panel", "serve", "explorer", "--num-threads", "4"),
        ("explorer",),
    ],
    ids=["prefix", "threads", "module"],
)
def test_other_ways_to_serve_it(serve, visit, command):
    server = serve(*command)
    assert ("some/where" in server.address) == ("--prefix" in command)
    page = visit(server).open("?simulation=hydro11-z2")
    page.painted()
    shown = page.shown()
    page.press("ArrowRight", "Slab")
    page.settle(after=shown)
    page.painted()
    page.page.get_by_role("combobox", name="Truth and prediction").click()
    page.page.get_by_role("option", name="Grey").click()
    page.page.get_by_role("button", name="Reset limits").click()
    shown = page.shown()
    page.figure("truth").hover()
    page.page.mouse.wheel(0, -300)
    page.settle(after=shown)


def test_behind_a_password_the_route_is_too(serve):
    server = serve(
        "panel", "serve", "explorer", "--basic-auth", "secret", "--cookie-secret", "c" * 32
    )
    with pytest.raises(HTTPError) as refusal:
        build_opener(NoRedirect).open(urljoin(server.address, "viewport?maps=guessed"))
    with refusal.value as answer:
        assert answer.code == 302
        assert "login" in answer.headers["Location"]


def test_a_new_sample_changes_the_painting_the_link_and_back_brings_it_again(explorer):
    explorer.open("?simulation=hydro11-z2&emulator=ember-wgan&seed=7&slab=1").painted()
    means = [explorer.maps()["prediction"]["mean"]]
    for click in (
        explorer.page.get_by_role("button", name="New sample"),
        explorer.page.locator("button", has_text="arrow_back"),
    ):
        shown = explorer.shown()
        click.click()
        explorer.settle(after=shown)
        explorer.painted()
        explorer.rest()
        means.append(explorer.maps()["prediction"]["mean"])
        assert ("seed=7&" in explorer.page.url) is (len(means) == 3)
    assert means[0] == means[2] != means[1]


def test_two_paintings_stand_side_by_side_with_their_curves(explorer, picture):
    explorer.open("?simulation=hydro11-z2&emulator=ember-wgan&slab=1").painted()
    explorer.rest()
    assert not explorer.figure("other").is_visible()
    explorer.open(
        "?simulation=hydro11-z2&emulator=ember-wgan&slab=1&other=ember-unet&other_seed=0"
    ).painted()
    explorer.figure("other").wait_for()
    explorer.rest()
    assert differ(picture(explorer, "other"), picture(explorer, "prediction"))
    name = explorer.page.locator(".map-other").get_by_text("EMBER U-Net", exact=True)
    expect(name).to_be_visible()
    boxes = [explorer.figure(name).bounding_box() for name in (*NAMES, "other")]
    assert len({round(box["y"]) for box in boxes}) == 1, "one row at 1440 pixels"
    assert overflow(explorer) <= 0


def test_an_ensemble_is_painted_sample_by_sample_and_can_be_cancelled(explorer):
    explorer.open("?simulation=hydro11-z2&emulator=ember-wgan&slab=4").painted()
    explorer.page.get_by_role("button", name="Paint ensemble").click()
    explorer.page.get_by_text("Painting sample").first.wait_for()
    explorer.page.get_by_text("4 samples").first.wait_for()
    explorer.page.locator("button", has_text="close").first.click()
    explorer.page.get_by_text("Painting sample").first.wait_for(state="hidden")
    explorer.rest()
    before = explorer.page.get_by_text(" samples").first.inner_text()
    assert before != "32 samples"
    explorer.page.wait_for_timeout(3000)
    assert explorer.page.get_by_text(" samples").first.inner_text() == before


def test_the_calibration_of_an_ensemble_has_its_own_tab(explorer):
    explorer.open("?simulation=hydro11-z2&emulator=ember-wgan&slab=4").painted()
    page = explorer.page
    card = page.locator(".calibration-pixels")
    assert card.count() == 0, "built only when it is opened"
    page.get_by_role("tab", name="Calibration").click()
    page.get_by_text("Paint an ensemble to see").wait_for()
    expect(page.get_by_text("Power spectrum").first).to_be_hidden()
    page.get_by_role("button", name="Paint ensemble").last.click()
    card.wait_for()
    page.get_by_text("above 20 × mean").last.wait_for()
    expect(page.get_by_text("P(k)", exact=True).last).to_be_visible()
    assert overflow(explorer) <= 0
    page.locator("button", has_text="close").first.click()
    page.get_by_role("tab", name="Curves").click()
    page.get_by_text("Power spectrum").first.wait_for()
    expect(card).to_be_hidden()


def test_the_recipe_is_taken_away_as_a_file(explorer, tmp_path):
    explorer.open("?simulation=hydro11-z2&slab=3&emulator=ember-wgan&seed=7").painted()
    explorer.page.get_by_role("combobox", name="File").click()
    explorer.page.get_by_role("option", name="Recipe (JSON)").click()
    with explorer.page.expect_download() as download:
        explorer.page.get_by_role("button", name="Download").click()
    name = download.value.suggested_filename
    assert re.fullmatch(r"hydro11-z2_[xyz]3_gas_ember-wgan_seed7\.json", name)
    download.value.save_as(tmp_path / name)
    recipe = Recipe.from_json((tmp_path / name).read_text())
    assert (recipe.source.index, recipe.painting.seed) == (3, 7)
