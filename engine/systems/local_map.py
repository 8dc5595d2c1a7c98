"""The baseline that sees one pixel at a time: dark matter to a field by rank."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.mesh import Cutout, dark_matter_of_hydro
from engine.noise import Realisation
from engine.systems.card import ModelCard
from engine.systems.checks import check_inputs, check_region
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.proper import mesh_values, proper_values
from engine.systems.registry import register


@register("local-map")
class LocalMap(Emulator):
    """The one increasing relation of two surface densities that gives a field its histogram.

    Where dark matter is denser than a share of all training pixels, the painted field is what
    that share of the field's own pixels lies below (on cut-outs, per proper area). So PDF and
    mass are right on the training maps by construction, and nothing of the surroundings or of
    chance comes in: what a network adds is what it paints better than this.

    Its weights are a table: `dark_matter` and `painted`, (n,), increasing, both normalised.
    """

    title = "Local map"
    paper = "a baseline: no neighbours, no chance"
    on_cpu = True

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take the table."""
        self.dark_matter, self.painted = checked_table(self.card, weights)

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Look every pixel up; what lies outside the table takes its nearest end."""
        (eaten,) = self.card.inputs
        meshes = self.named(inputs)
        warnings, mesh = check_inputs(meshes, self.card), meshes[eaten.name]
        self.values(parameters)
        if region is not None:
            check_region(region, mesh)
            mesh = mesh.cut(region)
        around = isinstance(mesh, Cutout)
        seen = proper_values(mesh) if around else dark_matter_of_hydro(mesh)
        scaled = eaten.normalization.forward(seen)
        found = self.card.output.normalization.inverse(
            np.interp(scaled, self.dark_matter, self.painted)
        )
        redshift = mesh.redshift if around else 0.0
        values = mesh_values(found, self.card.field, redshift)
        painting = mesh.with_values(
            values, field=self.card.field, emulator=self.card.system, seed=None, warnings=warnings
        )
        return [painting] * len(realisations)


def checked_table(
    card: ModelCard, weights: Mapping[str, NDArray[np.float32]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Take the table out of the weights, (n,) and (n,), refusing one that doesn't increase.

    Raises
    ------
    ValueError
        In one sentence.
    """
    table = [np.asarray(weights.get(name, ()), np.float64) for name in ("dark_matter", "painted")]
    x, y = table
    if x.shape != y.shape or x.ndim != 1 or len(x) < 2 or (np.diff(x) <= 0).any():
        raise ValueError(
            f"{card.name}.safetensors doesn't hold a table of two or more rising values of "
            "dark_matter with as many of painted: fit it again."
        )
    if (np.diff(y) < 0).any():
        raise ValueError(
            f"{card.name}.safetensors doesn't hold a relation that increases: fit it again."
        )
    return x, y
