"""The baseline that knows a cluster's mass alone: the mean profile of all, scaled by it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.noise import Realisation
from engine.systems.checks import check_input, check_region, warnings_for
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.mean_profiles import MeanProfiles, traits_of_mass
from engine.systems.proper import mass_in, mesh_values, proper_pixel
from engine.systems.registry import register


@register("mean-profile")
class MeanProfile(Emulator):
    """Rings around the middle of a map, each a power of all the dark matter in the map.

    The power runs with mass, by as much as the training maps say. Its weights are a table:
    `radius`, (n,), rising, [proper Mpc]; `constant`, `slope` and `running`, (n,), of log10 of the
    field per proper area there, in powers of log10 of the mass over its pivot.
    """

    title = "Mean profile"
    paper = "a baseline: mass alone, all clusters round"
    on_cpu = True

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Take the table of rings."""
        names = ("constant", "slope", "running")
        try:
            powers = np.stack([weights[name] for name in names])[None]
            self.profiles = MeanProfiles(weights["radius"], powers)
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"{self.card.name}.safetensors doesn't hold a table of rising radius with as many "
                f"of constant, slope and running ({error}): fit it again."
            ) from None

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a map. See `Emulator.predict_many`."""
        (eaten,) = self.card.inputs
        mesh: Any = self.named(inputs)[eaten.name]
        check_input(mesh, eaten, self.card)
        self.values(parameters)
        if region is not None:
            check_region(region, mesh)
        (traits,) = traits_of_mass(mass_in(mesh))
        (logarithm,) = self.profiles.maps(traits, mesh.shape, proper_pixel(mesh))
        painting = mesh.with_values(
            mesh_values(10**logarithm, self.card.field, mesh.redshift),
            field=self.card.field,
            emulator=self.card.system,
            seed=None,
            warnings=mesh.warnings + warnings_for(mesh, eaten, self.card),
        )
        return [painting if region is None else painting.cut(region)] * len(realisations)
