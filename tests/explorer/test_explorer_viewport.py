import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tornado.testing import AsyncHTTPTestCase
from tornado.web import Application

from explorer.codes import DEX, STEP, Codes, signed_codes
from explorer.viewport import MAPS, MapStore, Pyramid, ViewportHandler, shrink, views_in_bytes

RNG = np.random.default_rng(5)
PIXEL = 0.5  # Mpc/h


def lognormal(ny, nx, scatter=3.0):
    return RNG.lognormal(8, scatter, (ny, nx)).astype(np.float32)


def decoded(view):
    return view.scale.decode(view.codes)


def dex_apart(a, b):
    return np.abs(np.log10(a / b)).max()


def test_a_view_at_full_size_is_the_map_to_half_a_step():
    values = lognormal(96, 64)
    view = Pyramid(values, PIXEL).view((0, 32, 0, 48), (64, 96))
    assert view.codes.dtype == np.uint16
    assert view.codes.shape == (96, 64)
    assert view.reduction == 1
    assert dex_apart(decoded(view), values) <= 0.5 * STEP + 1e-6
    assert STEP < 2.6e-4


@pytest.mark.parametrize("factor", [2, 3, 4, 6, 8, 12])
def test_a_smaller_view_holds_area_means_of_linear_values(factor):
    values = lognormal(768, 768)
    n = 768 // factor
    view = Pyramid(values, PIXEL).view((0, 384, 0, 384), (n, n))
    means = values.reshape(n, factor, n, factor).mean((1, 3), dtype=np.float64)
    assert view.reduction == factor
    assert dex_apart(decoded(view), means) < 2.6e-4


@given(nx=st.integers(1, 40), ny=st.integers(1, 40))
def test_shrinking_to_any_size_keeps_the_mean(nx, ny):
    values = np.random.default_rng(nx + 100 * ny).uniform(1, 2, (40, 40)).astype(np.float32)
    assert shrink(values, nx, ny).mean() == pytest.approx(values.mean(), rel=1e-5)


@pytest.mark.parametrize("shape", [(512, 512), (1024, 384), (300, 300), (257, 512)])
def test_every_level_of_a_pyramid_has_the_mean_of_the_map(shape):
    values = lognormal(*shape, scatter=1.0)
    levels = Pyramid(values, PIXEL).levels
    assert levels[0] is values
    for level in levels:
        assert level.mean(dtype=np.float64) == pytest.approx(values.mean(dtype=np.float64), 1e-5)


def test_a_window_comes_back_as_whole_pixels_that_cover_it():
    values = lognormal(64, 64)
    view = Pyramid(values, PIXEL).view((3.3, 10.1, 5.0, 7.2), (500, 500))
    assert view.window == (3.0, 10.5, 5.0, 7.5)
    np.testing.assert_allclose(decoded(view), values[10:15, 6:21], rtol=1e-3)


@pytest.mark.parametrize("window", [(-9, 99, -9, 99), (0, 32, 0, 32)])
def test_a_window_is_clipped_to_the_map(window):
    view = Pyramid(lognormal(64, 64), PIXEL).view(window, (400, 400))
    assert view.window == (0, 32, 0, 32)


def test_a_window_beside_the_map_shows_its_last_pixel():
    view = Pyramid(lognormal(64, 64), PIXEL).view((90, 99, 0, 1), (400, 400))
    assert view.window == (31.5, 32, 0, 1)


def test_zero_and_what_is_not_finite_have_no_brightness():
    values = np.array([[0, 1], [np.nan, -1]], np.float32)
    assert Codes(-1.0).encode(values).tolist() == [[0, round(1 / STEP) + 1], [0, 0]]


def test_values_below_the_range_stay_visible_at_its_end():
    faint = np.array([[1e-30, 1e3]], np.float32)
    assert Codes(3.0 - DEX).encode(faint).tolist() == [[1, 65535]]


def test_a_map_of_zeros_can_be_shown():
    view = Pyramid(np.zeros((4, 4), np.float32), PIXEL).view((0, 2, 0, 2), (4, 4))
    assert not view.codes.any()


def residual(shape):
    """Noise of one with peaks a thousand times as high either way."""
    values = RNG.standard_normal(shape)
    values[3, 4], values[5, 6] = 1000, -800
    return values.astype(np.float32)


def test_a_signed_map_keeps_its_noise_and_its_peaks():
    values = residual((96, 64))
    view = Pyramid(values, PIXEL, signed=True).view((0, 32, 0, 48), (64, 96))
    rms = np.sqrt(np.mean(values.astype(float) ** 2))
    # Half a step of asinh(v / rms), whose range is that of the highest peak.
    step = 2 * np.arcsinh(1000 / rms) / 65534
    allowed = 0.5 * step * np.hypot(values, rms) * 1.01
    assert (np.abs(decoded(view) - values) <= allowed).all()
    assert step * rms < 0.01
    assert (
        np.sign(decoded(view))[np.abs(values) > 0.1] == np.sign(values)[np.abs(values) > 0.1]
    ).all()


def test_zero_is_a_code_of_its_own_on_a_signed_map_and_what_is_not_finite_has_none():
    values = np.array([[0, -2, 2, np.nan]], np.float32)
    scale = signed_codes(values)
    codes = scale.encode(values)
    assert codes.tolist() == [[32768, 1, 65535, 0]]
    np.testing.assert_allclose(scale.decode(codes), values, atol=1e-6)
    assert signed_codes(np.zeros((2, 2), np.float32)).encode(np.zeros((2, 2))).tolist() == [
        [32768, 32768],
        [32768, 32768],
    ]


def test_a_smaller_view_of_a_signed_map_holds_its_area_means():
    values = residual((512, 512))
    view = Pyramid(values, PIXEL, signed=True).view((0, 256, 0, 256), (64, 64))
    means = values.reshape(64, 8, 64, 8).mean((1, 3), dtype=np.float64)
    np.testing.assert_allclose(decoded(view), means, atol=1e-3, rtol=1e-3)


def test_maps_of_one_request_keep_pixels_of_their_own_size():
    fine, coarse = lognormal(64, 64), lognormal(32, 32)
    pyramids = [Pyramid(fine, PIXEL), Pyramid(coarse, 2 * PIXEL)]
    views = [each.view((0, 32, 0, 32), (64, 64)) for each in pyramids]
    assert [view.window for view in views] == [(0, 32, 0, 32)] * 2
    assert [view.codes.shape for view in views] == [(64, 64), (32, 32)]


def test_the_answer_begins_with_its_number_and_pads_each_map_to_8_bytes():
    pyramid = Pyramid(lognormal(3, 3), PIXEL)
    body = views_in_bytes([pyramid, pyramid], (0, 1.5, 0, 1.5), (9, 9), 7)
    size = 8 * (10 + 3)  # ten numbers, nine codes of two bytes, six bytes of padding
    assert len(body) == 8 + 2 * size
    assert np.frombuffer(body[:8])[0] == 7
    head = np.frombuffer(body[8:88])
    np.testing.assert_allclose(head[:6], [0, 1.5, 0, 1.5, 3, 3])
    assert body[8 : 8 + size] == body[8 + size :]


def test_tokens_are_never_the_same_and_can_be_withdrawn():
    store = MapStore()
    values = lognormal(8, 8)
    tokens = store.publish([Pyramid(values, PIXEL)] * 50)
    assert len(set(tokens)) == 50
    assert all(len(token) >= 24 for token in tokens)
    assert store.get(tokens[3]).values is values
    store.withdraw([*tokens[:49], "never published"])
    assert len(store) == 1
    with pytest.raises(KeyError):
        store.get(tokens[3])


def test_the_least_recently_used_map_goes_when_the_store_is_full():
    values = lognormal(64, 64)
    store = MapStore(budget=2 * Pyramid(values, PIXEL).nbytes)
    first, second = store.publish([Pyramid(values, PIXEL) for _ in range(2)])
    store.get(first)
    [third] = store.publish([Pyramid(values, PIXEL)])
    assert store.get(first)
    assert store.get(third)
    with pytest.raises(KeyError):
        store.get(second)


def test_maps_published_together_stay_though_they_are_too_large():
    store = MapStore(budget=1)
    before = store.publish([Pyramid(lognormal(8, 8), PIXEL)])
    tokens = store.publish([Pyramid(lognormal(8, 8), PIXEL)] * 3)
    assert all(store.get(token) for token in tokens)
    with pytest.raises(KeyError):
        store.get(before[0])


class Visitors:
    """What Bokeh's applications know about who may come in."""

    get_user_async = None
    get_login_url = None
    login_url = "/login"

    def __init__(self, user):
        self.get_user = lambda handler: user


class RouteCase(AsyncHTTPTestCase):
    user: str | None = "someone"

    def get_app(self):
        app = Application([(ViewportHandler.route, ViewportHandler)])
        app.auth_provider = Visitors(self.user)
        app.prefix = ""
        return app

    def ask(self, maps, window="0,4,0,4", size="8,8", request="1"):
        query = f"/viewport?maps={maps}&window={window}&size={size}&request={request}"
        return self.fetch(query, follow_redirects=False)


class TestRoute(RouteCase):
    def test_maps_come_in_the_order_of_their_tokens(self):
        values = lognormal(8, 8)
        one, two = MAPS.publish([Pyramid(values, PIXEL), Pyramid(2 * values, PIXEL)])
        body = self.ask(f"{two},{one}", request="12").body
        MAPS.withdraw([one, two])
        expected = [Pyramid(map_, PIXEL) for map_ in (2 * values, values)]
        assert body == views_in_bytes(expected, (0, 4, 0, 4), (8, 8), 12)

    def test_a_map_that_is_gone_is_not_found(self):
        assert self.ask("guessed").code == 404

    def test_a_query_that_is_none_is_refused(self):
        [token] = MAPS.publish([Pyramid(lognormal(8, 8), PIXEL)])
        for wrong in (
            {"window": "0,4,0"},
            {"window": "0,4,x,4"},
            {"window": "0,4,nan,4"},
            {"window": "4,0,0,4"},
            {"size": "8"},
            {"request": "inf"},
        ):
            assert self.ask(token, **wrong).code == 400, wrong
        MAPS.withdraw([token])

    def test_nobody_gets_more_pixels_than_the_limit(self):
        [token] = MAPS.publish([Pyramid(lognormal(8, 8), PIXEL)])
        assert self.ask(token, size="1e9,1e9").code == 200
        MAPS.withdraw([token])


class TestRouteBehindALogin(RouteCase):
    user = None

    def test_strangers_are_sent_to_the_login(self):
        answer = self.ask("guessed")
        assert answer.code == 302
        assert answer.headers["Location"].startswith("/login")
