"""The figure for a paper shows what the page shows."""

import numpy as np
from PIL import Image

from explorer.plots import paper_figure
from explorer.plots.paper_sheet import BAR, BAR_WORDS, EDGE, GAP, PANEL, PANEL_WORDS, RATIO, WIDTH

LINK = (
    "?simulation=hydro11-z2&field=hi&emulator=ember-wgan&seed=7&view=2,8,3,9&show=difference"
    "&quantity=columns&units=physical&stretch=asinh"
)

BLOCKS = 12
"""Along a side of a map, when two pictures of it are compared."""

SAMPLES = (244, 215, 153)
"""Colour of the band of samples on paper: four tenths of its ink."""

STATE = """(Array.from(Bokeh.documents[0].all_models)
  .find((model) => model.name == "maps" && model.type.endsWith("MapState")))"""


def blocks(image):
    """Mean colour of blocks of a picture, without its lowest, where scale bars lie."""
    small = np.asarray(image.convert("RGB").resize((BLOCKS, BLOCKS), Image.Resampling.BOX))
    return small[:-2].astype(float)


def panels(figure, count):
    """Cut the maps out of a figure."""
    dots = paper_figure.DOTS_PER_INCH
    side = (WIDTH - 2 * EDGE - (count - 1) * GAP) / count
    bottom = EDGE + PANEL_WORDS + RATIO + PANEL + 0.12 + BAR_WORDS + BAR + 0.05
    found = []
    for number in range(count):
        left, low = EDGE + number * (side + GAP), figure.height - dots * bottom
        inside = (dots * left, low - dots * side, dots * (left + side), low)
        found.append(figure.crop(tuple(round(each) for each in inside)))
    return found


def choose(page, picker, words):
    page.get_by_role("combobox", name=picker, exact=True).click()
    page.get_by_role("option", name=words, exact=True).click()


def test_the_figure_has_the_pages_stretch_units_zoom_difference_and_band(explorer, tmp_path):
    page = explorer.page
    explorer.open(LINK).painted()
    explorer.figure("contrast").wait_for()
    explorer.rest()
    choose(page, "Samples", "16")
    page.get_by_role("button", name="Paint ensemble").click()
    page.get_by_text("16–84 % of 16 samples").first.wait_for()
    choose(page, "File", "Figure (PNG)")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "figure.png")
    page.mouse.move(5, 5)
    explorer.rest()
    shown = []
    for name in ("truth", "prediction", "contrast"):
        explorer.figure(name).screenshot(path=tmp_path / f"{name}.png")
        shown.append(blocks(Image.open(tmp_path / f"{name}.png")))
    figure = Image.open(tmp_path / "figure.png").convert("RGB")
    _, *printed = map(blocks, panels(figure, 4))
    for page_has, paper_has in zip(shown, printed, strict=True):
        assert page_has.std() > 8, "more than one colour"
        assert np.abs(page_has - paper_has).mean() < 8
        assert np.corrcoef(page_has.ravel(), paper_has.ravel())[0, 1] > 0.97
    banded = np.abs(np.asarray(figure).astype(int) - SAMPLES).max(axis=-1) < 12
    assert banded.sum() > 2000
