"""Super-resolution's first layer in a report: its kernels, and what they make of a plane."""

from collections.abc import Mapping
from itertools import product

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from engine.mesh import Mesh
from engine.networks.super_resolution.features import first_features, first_kernels
from engine.systems.box_pair import INITIAL, LOW
from engine.systems.super_resolution import SuperResolution
from training.report.drawing import WIDTH

TITLES = {LOW: "low resolution", INITIAL: "initial conditions"}

PART = (1.0, 99.0)
"""Percentiles of a feature map that its greys reach over."""

Pictures = Mapping[tuple[str, int], NDArray[np.float32]]
"""Pictures of all filters, (filters, ny, nx), by input and by the side of the kernels."""


def kernels_of(emulator: SuperResolution) -> Pictures:
    """Central slices of all kernels, perpendicular to the first axis."""
    return {
        (name, side): kernels[:, side // 2]
        for name in TITLES
        for side, kernels in first_kernels(emulator.network, name).items()
    }


def features_of(emulator: SuperResolution, boxes: Mapping[str, Mesh]) -> Pictures:
    """Feature maps of the lowest plane of a box, by the names of its inputs."""
    return {
        (name, side): features
        for name in TITLES
        for side, features in first_features(
            emulator.network, name, emulator.eaten_by_first(name, boxes[name]), 0, 0
        ).items()
    }


def kernels_figure(kernels: Pictures) -> Figure:
    """Kernels, those of a row in the same colours (figure 9)."""
    figure, axes = _rows(kernels)
    for row, pictures in zip(axes, kernels.values(), strict=True):
        most = float(np.abs(pictures).max())
        for ax, picture in zip(row, pictures, strict=True):
            shown = ax.imshow(picture, cmap="RdBu_r", vmin=-most, vmax=most, origin="lower")
        bar = figure.colorbar(shown, ax=list(row), pad=0.01, aspect=8)
        bar.set_label("weight", fontsize=7.5)
    return figure


def features_figure(features: Pictures) -> Figure:
    """Feature maps, each in greys of its own (figure 10)."""
    figure, axes = _rows(features)
    for row, pictures in zip(axes, features.values(), strict=True):
        for ax, picture in zip(row, pictures, strict=True):
            low, high = np.percentile(picture, PART)
            ax.imshow(picture, cmap="gray", vmin=low, vmax=high, origin="lower")
    return figure


def _rows(pictures: Pictures) -> tuple[Figure, NDArray[np.object_]]:
    """A row of places for the pictures of each input and side."""
    columns = len(next(iter(pictures.values())))
    figure = Figure(figsize=(WIDTH, 0.92 * WIDTH / columns * len(pictures)), layout="constrained")
    axes = figure.subplots(len(pictures), columns, squeeze=False)
    for row, (name, side) in zip(axes, pictures, strict=True):
        row[0].set_ylabel(f"{TITLES[name]},\n{side}$^3$ cells")
    for row, column in product(range(len(pictures)), range(columns)):
        axes[row, column].set(xticks=[], yticks=[])
    return figure, axes
