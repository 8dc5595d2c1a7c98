"""Cloud in cell, both ways and differentiable: particles onto a mesh, a mesh at particles.

Positions are (3, n), along x, y, z, and taken modulo the box; meshes are (q, nz, ny, nx). The
centre of cell i is at (i + 1/2) of its side, as everywhere in the engine.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import torch
from torch.autograd.function import once_differentiable

from engine.nbody.cloud_loops import paint_band, read_piece, slope_piece


def paint(
    position: torch.Tensor, box_size: float, cells: int, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """Spread particles over the cells whose centres are nearest, linearly in each coordinate.

    The sum of the weights is kept, and the same bits result for any number of threads of a CPU.
    Differentiable in positions and weights.

    Parameters
    ----------
    position : tensor, (3, n)
        In the unit of `box_size`.
    cells : int
        A side.
    weights : tensor, (q, n), optional
        One, for one mesh, if left out.

    Returns
    -------
    tensor, (q, cells, cells, cells)

    References
    ----------
    Hockney & Eastwood 1981, section 5-3.
    """
    if weights is None:
        weights = torch.ones_like(position[:1])
    mesh: torch.Tensor = _Paint.apply(position, weights, box_size, cells)
    return mesh


def read(position: torch.Tensor, box_size: float, mesh: torch.Tensor) -> torch.Tensor:
    """Interpolate meshes at particles with the weights of `paint`.

    Differentiable in positions and meshes.

    Parameters
    ----------
    position : tensor, (3, n)
        In the unit of `box_size`.
    mesh : tensor, (q, cells, cells, cells)

    Returns
    -------
    tensor, (q, n)
    """
    values: torch.Tensor = _Read.apply(position, mesh, box_size)
    return values


class _Paint(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, position: torch.Tensor, weights: torch.Tensor, box_size: float, cells: int
    ) -> torch.Tensor:
        ctx.save_for_backward(position, weights)
        ctx.box_size = box_size
        return _painted(position, weights, cells / box_size, cells)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> Any:
        position, weights = ctx.saved_tensors
        scale = upstream.shape[1] / ctx.box_size
        by_position = by_weights = None
        if ctx.needs_input_grad[0]:
            by_position = _slope(position, upstream, weights, scale)
        if ctx.needs_input_grad[1]:
            by_weights = _values(position, upstream, scale)
        return by_position, by_weights, None, None


class _Read(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, position: torch.Tensor, mesh: torch.Tensor, box_size: float
    ) -> torch.Tensor:
        ctx.save_for_backward(position, mesh)
        ctx.box_size = box_size
        return _values(position, mesh, mesh.shape[1] / box_size)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: torch.Tensor) -> Any:
        position, mesh = ctx.saved_tensors
        scale = mesh.shape[1] / ctx.box_size
        by_position = by_mesh = None
        if ctx.needs_input_grad[0]:
            by_position = _slope(position, mesh, upstream, scale)
        if ctx.needs_input_grad[1]:
            by_mesh = _painted(position, upstream, scale, mesh.shape[1])
        return by_position, by_mesh, None


def _painted(
    position: torch.Tensor, weights: torch.Tensor, scale: float, cells: int
) -> torch.Tensor:
    mesh = weights.new_zeros(len(weights), cells, cells, cells)
    if position.is_cpu:
        arrays = _numpy(position), _scalar(scale, position), _numpy(weights), _numpy(mesh)
        _in_threads(lambda low, high: paint_band(*arrays, low, high), cells)
        return mesh
    flat = mesh.reshape(len(weights), -1)
    for index, share in _corners(position, scale, cells):
        flat.index_add_(1, index, weights * share)
    return mesh


def _values(position: torch.Tensor, mesh: torch.Tensor, scale: float) -> torch.Tensor:
    out = mesh.new_zeros(len(mesh), position.shape[1])
    if position.is_cpu:
        arrays = _numpy(position), _scalar(scale, position), _numpy(mesh), _numpy(out)
        _in_threads(lambda low, high: read_piece(*arrays, low, high), position.shape[1])
        return out
    flat = mesh.reshape(len(mesh), -1)
    for index, share in _corners(position, scale, mesh.shape[1]):
        out += flat[:, index] * share
    return out


def _slope(
    position: torch.Tensor, mesh: torch.Tensor, upstream: torch.Tensor, scale: float
) -> torch.Tensor:
    """By position, of the sum of what is read times `upstream`."""
    out = torch.zeros_like(position)
    if position.is_cpu:
        meshes, weights, slope = (_numpy(each) for each in (mesh, upstream, out))
        arrays = _numpy(position), _scalar(scale, position), meshes, weights, slope
        _in_threads(lambda low, high: slope_piece(*arrays, low, high), position.shape[1])
        return out
    flat = mesh.reshape(len(mesh), -1)
    for axis in range(3):
        for index, share in _corners(position, scale, mesh.shape[1], slope_along=axis):
            out[axis] += (flat[:, index] * upstream).sum(0) * share * scale
    return out


def _corners(
    position: torch.Tensor, scale: float, cells: int, slope_along: int | None = None
) -> Any:
    """For each corner of a cube: cells of the flat mesh, and shares of the particles there."""
    from_centre = position * scale - 0.5
    lower = from_centre.floor()
    upper_share = from_centre - lower
    first = lower.long()
    for corner in np.ndindex(2, 2, 2):
        share: Any = 1.0
        for axis, up in enumerate(corner):
            along = upper_share[axis] if up else 1 - upper_share[axis]
            share = share * (2 * up - 1 if axis == slope_along else along)
        x, y, z = (torch.remainder(first[axis] + up, cells) for axis, up in enumerate(corner))
        yield (z * cells + y) * cells + x, share


def _numpy(tensor: torch.Tensor) -> Any:
    return tensor.detach().contiguous().numpy()


def _scalar(value: float, like: torch.Tensor) -> Any:
    """A number of the particles' precision: a double would make the loops double."""
    return np.float32(value) if like.dtype == torch.float32 else np.float64(value)


def _in_threads(work: Callable[[int, int], Any], number: int) -> None:
    """Cut [0, number) into a piece a thread: each cell or particle is one thread's."""
    threads = numba.get_num_threads()
    edges = np.linspace(0, number, threads + 1).astype(int).tolist()
    first, *others = pairwise(edges)
    waited_for = [_helpers(threads).submit(work, *piece) for piece in others]
    work(*first)
    for each in waited_for:
        each.result()


@lru_cache(maxsize=1)
def _helpers(threads: int) -> ThreadPoolExecutor:
    """Threads beside the caller's; to start one takes a fifth of the time of its piece."""
    return ThreadPoolExecutor(threads, thread_name_prefix="cloud")
