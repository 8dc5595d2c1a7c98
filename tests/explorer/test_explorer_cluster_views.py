"""Views of the scene of clusters, without a browser."""

import numpy as np
import panel as pn
import pytest
from bokeh.events import SelectionGeometry

from explorer import app
from explorer.display import Display
from explorer.plots.functions import stepped
from explorer.plots.scaling import rectangle
from explorer.scenes.clusters import Clusters
from explorer.views.built_later import BuiltLater
from explorer.views.cluster_cards import ClusterCards
from explorer.views.cluster_maps import ClusterMaps
from explorer.views.cluster_table import ClusterTableCard
from explorer.views.keys import Keys
from tests.explorer.cluster_store import of_clusters, one_after_the_other, opened
from tests.explorer.clusters import NUMBER, SIDE, masses, radii

changes = pytest.fixture(one_after_the_other, autouse=True)
folder = pytest.fixture(of_clusters)


@pytest.fixture
def store(folder):
    return opened(number="3")


def test_the_table_lists_who_is_shown_and_the_maps_follow(store):
    table = ClusterTableCard(store, Display())
    rows = table.rows.rows
    assert [row["number"] for row in rows] == list(range(NUMBER))
    assert all(row["picture"].startswith("data:image/png") for row in rows)
    assert len({row["picture"] for row in rows}) == NUMBER
    words = dict(zip((c[0] for c in table.rows.columns), rows[0]["words"], strict=True))
    assert words["M₅₀₀\n10¹³ M⊙/h"] == "40"
    assert words["T\nkeV"] == f"{4 * 4**0.6:.3g}"
    painted = store.results.every["prediction"]["xray"][0].total
    true = store.results.every["truth"]["xray"][0].total
    assert words["Lₓ\nerror"] == f"{100 * (painted / true - 1):+.0f} %".replace("-", "−")
    table.rows._handle_msg(5)
    assert store.selection.number == 5
    assert table.rows.chosen == 5
    store.selection.mass = (12.95, 13.5)
    left = [row["number"] for row in table.rows.rows]
    assert left == [int(n) for n in np.flatnonzero(masses() < 10**13.5)]
    assert store.selection.number == left[0]
    assert "of 24 at z = 0.30" in table.heading.object
    assert table.clear.visible
    assert "none of them trained on" in table.heading.object


def test_cards_and_maps_show_what_there_is(store):
    display = Display()
    maps = ClusterMaps(store, display)
    maps.present(store.results)
    cards = ClusterCards(store, display)
    tokens = maps.linked.state.tokens
    assert len(tokens) == 7
    assert all(tokens)
    assert maps.others is None
    assert all(maps.errors.state.tokens)
    assert maps.linked.axes.halos.data["radius"] == pytest.approx(radii()[3] / 1000)
    assert "Cluster 3" in maps.facts.object
    assert maps.bars["input"].slider.label == "Dark matter: [M⊙ h / ckpc²]"
    assert len(cards.profiles.sources["prediction"].data["x"]) == SIDE // 2
    assert len(cards.relation.clouds["truth"].data["x"]) == NUMBER
    assert len(cards.residuals.clouds["prediction"].data["x"]) == NUMBER
    assert "slope" in cards.headings["relation"].object
    assert "r = " in cards.headings["residuals"].object
    assert cards.headings["errors"].object.count("<tr>") == 4
    cards._pick((13.9, 14.8, 40.0, 50.0))
    assert set(store.results.shown) == set(np.flatnonzero(masses() > 10**13.9))
    assert cards.relation.mark.visible
    faint = cards.relation.clouds["truth"].data["alpha"] < 1
    assert faint.sum() == NUMBER - len(store.results.shown)
    store.selection.other = "local-map"
    assert maps.grid.css_classes == ["five"]
    assert all(maps.others.state.tokens)
    assert maps.others.maps["xray-other"].mapper is maps.linked.maps["xray-truth"].mapper
    display.against = "paintings"
    same = maps._errors(store.results)["xray-error"].values
    assert np.nanmax(np.abs(same)) == 0


def test_colours_suit_each_cluster_but_for_limits_set_by_hand(folder):
    store = opened(number="0")
    maps = ClusterMaps(store, Display())
    bars = (maps.bars["xray"], maps.bars["temperature_sl"])

    def limits():
        maps.present(store.results)
        return [bar._values() for bar in bars]

    heavy = limits()
    store.selection.number = NUMBER - 1
    light = limits()
    assert all(a[1] > 1.5 * b[1] for a, b in zip(heavy, light, strict=True))
    bars[0].set_limits(*heavy[0])
    store.selection.number = NUMBER - 2
    assert limits()[0] == pytest.approx(heavy[0], rel=0.05)
    assert bars[1].chosen_limits is None


def test_a_table_that_nobody_passes_says_so(store):
    table, cards = ClusterTableCard(store, Display()), ClusterCards(store, Display())
    store.selection.picked = (0.0, 1.0, 0.0, 1.0)
    assert "none passes" in table.heading.object
    assert "no cluster passes" in cards.headings["errors"].object


def test_steps_of_a_function_are_as_wide_as_its_bins_and_broken_where_they_are_empty(store):
    function = store.results.functions["xray"]["truth"]
    (x, y), (_, low, high) = stepped(function)
    np.testing.assert_array_equal(x[1:-1:2], function.edges[1:-1])
    np.testing.assert_array_equal(np.nan_to_num(y[::2]), function.y)
    assert (low[::2] <= function.y)[function.y > 0].all()
    assert (high[::2] > function.y).all()
    assert [len(each) for part in stepped(None) for each in part] == 5 * [0]


def test_a_rectangle_is_dragged_and_a_slip_of_the_hand_is_none():
    def dragged(**ends):
        return rectangle(SelectionGeometry(None, geometry=ends))

    assert dragged(x0=1e14, x1=1e13, y0=1e42, y1=1e44) == (13.0, 14.0, 42.0, 44.0)
    assert dragged(x0=1e14, x1=1.001e14, y0=1e42, y1=1e44) == ()


def test_keys_step_through_clusters_and_compare_no_pairs(store):
    maps = ClusterMaps(store, Display())
    keys = Keys(store, Display(), maps.linked, None)
    keys._handle_msg("ArrowRight")
    assert store.selection.number == 4
    store.selection.mass = (13.0, 13.5)
    keys._handle_msg("ArrowRight")
    assert store.selection.number == store.results.shown[0]
    keys._handle_msg("ArrowRight")
    assert store.selection.number == store.results.shown[1]
    listed = dict(keys.listed)
    assert listed["← →"] == Clusters.steps
    assert not {"s", "d", "b"} & listed.keys()


def test_the_page_is_built_of_the_scene(folder, monkeypatch):
    monkeypatch.setattr(app, "begun_for", lambda asked: opened(number="2"))
    built = app.page()
    main = built.main[0]
    assert main.select(lambda each: getattr(each, "css_classes", None) == ["cluster-table"])
    assert isinstance(built.dark_theme, bool)
    later = BuiltLater(opened(), Display(), ClusterMaps(opened(), Display()), None)
    later.order.begin()
    shown = [c.css_classes[0] for c in later._cards if isinstance(c, pn.Column) and c.css_classes]
    assert shown[:3] == ["clusters-profile", "clusters-relation", "clusters-residuals"]
