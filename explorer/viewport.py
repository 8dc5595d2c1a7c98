"""The HTTP route that serves what the browser shows of a map, and the maps it serves from.

A map is published under a token nobody can guess; the browser asks for a window of it at
the size of its screen and gets the values as codes of 16 bits, see `explorer.codes`.
Down-sampling averages linear values over area, from a pyramid built when the map is published.
"""

import asyncio
import secrets
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import datashader as ds
import numpy as np
import tornado.web
import xarray as xr
from bokeh.server.views.auth_request_handler import AuthRequestHandler
from numpy.typing import NDArray

from explorer.codes import Codes, positive_codes, signed_codes

Window = tuple[float, float, float, float]
"""(x0, x1, y0, y1), [Mpc/h]."""

MAX_SIDE = 2048
"""Pixels a browser may ask for along one side: a 4K screen's share of three maps."""

MAX_MAPS = 8
"""Maps one request may ask for."""

COARSEST = 128
"""Pyramids stop at this side: coarser levels save nothing on any screen."""

BUDGET = 512 * 2**20
"""Bytes of maps kept in a process, a quarter of what it may use."""


@dataclass(frozen=True, eq=False)
class Viewport:
    """A window of a map as the browser gets it.

    Parameters
    ----------
    window : tuple of float
        Edges of the pixels, (x0, x1, y0, y1), [Mpc/h]; at least what was asked for.
    codes : array, (ny, nx)
        Uint16.
    scale : Codes
        What they stand for.
    reduction : float
        Map pixels averaged along a side of each pixel shown.
    """

    window: Window
    codes: NDArray[np.uint16]
    scale: Codes
    reduction: float

    def to_bytes(self) -> bytes:
        """Ten float64, codes, padding to 8 bytes.

        The numbers are the window, nx, ny, the codes' floor, step and softening, the reduction.
        """
        ny, nx = self.codes.shape
        scale = self.scale.floor, self.scale.step, self.scale.softening
        head = np.array([*self.window, nx, ny, *scale, self.reduction], "<f8")
        body = self.codes.astype("<u2", copy=False).tobytes()
        return head.tobytes() + body + bytes(-len(body) % 8)


class Pyramid:
    """A map and its area means over 2 x 2, 4 x 4, ... pixels, built when first looked at.

    Parameters
    ----------
    values : array, (ny, nx)
        Linear values, any unit. Kept, not copied.
    pixel_size : float
        Comoving, [Mpc/h].
    signed : bool
        Whether values can be negative.
    """

    def __init__(
        self, values: NDArray[np.float32], pixel_size: float, signed: bool = False
    ) -> None:
        self.pixel_size = pixel_size
        self.values = values
        self.signed = signed

    @cached_property
    def levels(self) -> list[NDArray[np.float32]]:
        """The map, then its means; each half the one before."""
        levels = [self.values]
        while min(levels[-1].shape) >= 2 * COARSEST and not any(n % 2 for n in levels[-1].shape):
            levels.append(block_mean(levels[-1]))
        return levels

    @cached_property
    def codes(self) -> Codes:
        """What the codes of every view stand for."""
        return signed_codes(self.values) if self.signed else positive_codes(self.values)

    @property
    def nbytes(self) -> int:
        """Memory of all levels: a third more than the map."""
        return self.values.nbytes * 4 // 3

    def view(self, window: Window, size: tuple[int, int]) -> Viewport:
        """Say what to draw of a window on (nx, ny) screen pixels.

        Returns
        -------
        Viewport
            Whole pixels that cover the window, clipped to the map: the map's own where the
            screen has room for them, else area means.
        """
        depth = self._level(window, size)
        level, pixel = self.levels[depth], self.pixel_size * 2**depth
        columns = pixel_range(window[0], window[1], pixel, level.shape[1])
        rows = pixel_range(window[2], window[3], pixel, level.shape[0])
        part = level[rows[0] : rows[1], columns[0] : columns[1]]
        shown = shrink(part, min(size[0], part.shape[1]), min(size[1], part.shape[0]))
        edges = (columns[0] * pixel, columns[1] * pixel, rows[0] * pixel, rows[1] * pixel)
        reduction = 2**depth * part.shape[1] / shown.shape[1]
        return Viewport(edges, self.codes.encode(shown), self.codes, reduction)

    def _level(self, window: Window, size: tuple[int, int]) -> int:
        """Find the coarsest level that still has two pixels a side for each of the screen's.

        Pixels of a level that straddle two of the screen's are shared out as if they were
        uniform; with two or more to each, little is left to that.
        """
        wanted = min((window[1] - window[0]) / size[0], (window[3] - window[2]) / size[1])
        halvings = int(np.log2(max(wanted / self.pixel_size, 1)))
        return min(max(halvings - 1, 0), len(self.levels) - 1)


class MapStore:
    """The maps a process serves, by token; the least recently used go when it is full.

    Parameters
    ----------
    budget : int
        Bytes of maps to keep. Those published last stay even if they alone are more.
    """

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget
        self._pyramids: OrderedDict[str, Pyramid] = OrderedDict()
        self._lock = threading.Lock()

    def publish(self, maps: Sequence[Pyramid]) -> list[str]:
        """Keep maps that are shown together and return their tokens.

        Parameters
        ----------
        maps : sequence of Pyramid
            Each of its own pixel size; their values must not change.
        """
        tokens = [secrets.token_urlsafe(18) for _ in maps]
        with self._lock:
            self._pyramids.update(zip(tokens, maps, strict=True))
            while len(self._pyramids) > len(tokens) and self.nbytes > self._budget:
                self._pyramids.popitem(last=False)
        return tokens

    def withdraw(self, tokens: Iterable[str]) -> None:
        """Forget maps; tokens already forgotten are ignored."""
        with self._lock:
            for token in tokens:
                self._pyramids.pop(token, None)

    def get(self, token: str) -> Pyramid:
        """Find the map of a token.

        Raises
        ------
        KeyError
            If there is none, or no longer.
        """
        with self._lock:
            self._pyramids.move_to_end(token)
            return self._pyramids[token]

    @property
    def nbytes(self) -> int:
        """Memory of all maps."""
        return sum(pyramid.nbytes for pyramid in self._pyramids.values())

    def __len__(self) -> int:
        return len(self._pyramids)


def block_mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean over blocks of 2 x 2 pixels; both sides must be even."""
    ny, nx = values.shape
    blocks = values.reshape(ny // 2, 2, nx // 2, 2)
    return blocks.mean(axis=(1, 3), dtype=np.float64).astype(np.float32)


def pixel_range(low: float, high: float, pixel: float, n: int) -> tuple[int, int]:
    """First and one past the last of n pixels that cover [low, high], at least one."""
    first = min(max(int(np.floor(low / pixel)), 0), n - 1)
    last = min(max(int(np.ceil(high / pixel)), first + 1), n)
    return first, last


def shrink(values: NDArray[np.float32], nx: int, ny: int) -> NDArray[np.float32]:
    """Area means of a map on (ny, nx) pixels, neither more than it has."""
    if values.shape == (ny, nx):
        return values
    canvas = ds.Canvas(plot_width=nx, plot_height=ny)
    y, x = (np.arange(n) + 0.5 for n in values.shape)
    raster = canvas.raster(xr.DataArray(values, coords={"y": y, "x": x}, dims=("y", "x")))
    return np.asarray(raster.values)


MAPS = MapStore()
"""The maps of this process."""

WORKER = ThreadPoolExecutor(1, thread_name_prefix="viewport")
"""One thread: numba's parallel loops may not run from two threads at once everywhere."""


class ViewportHandler(AuthRequestHandler):
    """Answers ``viewport?maps=TOKEN,...&window=x0,x1,y0,y1&size=nx,ny&request=N``.

    The body is the request's number as a float64, then one `Viewport` after the other.
    """

    route: ClassVar[str] = r"/viewport/?"

    @tornado.web.authenticated
    async def get(self) -> None:
        """Send the maps' windows; 404 if one of the maps is gone, 400 if the query is not one."""
        tokens = self.get_argument("maps").split(",")[:MAX_MAPS]
        window = self._numbers("window", 4)
        width, height = (int(np.clip(n, 1, MAX_SIDE)) for n in self._numbers("size", 2))
        number = self._numbers("request", 1)[0]
        if not (window[1] > window[0] and window[3] > window[2]):
            raise tornado.web.HTTPError(400, "window is empty, expected x0 < x1 and y0 < y1")
        try:
            pyramids = [MAPS.get(token) for token in tokens]
        except KeyError:
            raise tornado.web.HTTPError(404, "a map is no longer held") from None
        place = (window[0], window[1], window[2], window[3])
        body = await asyncio.get_running_loop().run_in_executor(
            WORKER, views_in_bytes, pyramids, place, (width, height), number
        )
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Cache-Control", "no-store")
        self.finish(body)

    def _numbers(self, name: str, count: int) -> list[float]:
        text = self.get_argument(name)
        try:
            numbers = [float(part) for part in text.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) != count or not np.isfinite(numbers).all():
            raise tornado.web.HTTPError(400, f"{name} is not {count} finite number(s)")
        return numbers


def views_in_bytes(
    pyramids: list[Pyramid], window: Window, size: tuple[int, int], number: float
) -> bytes:
    """Write the body of an answer."""
    views = [pyramid.view(window, size).to_bytes() for pyramid in pyramids]
    return np.array([number], "<f8").tobytes() + b"".join(views)


def warm_up() -> None:
    """Compile the down-sampling, so that the first visitor need not wait for it."""
    shrink(np.ones((8, 8), np.float32), 3, 3)
