"""Clusters painted from their dark matter (Chadayammuri et al. 2023)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from engine.checks import place
from engine.mesh import Cutout
from engine.networks.cluster.unet import ClusterUNet, ClusterUNetConfig
from engine.noise import Realisation
from engine.systems.card import Input, ModelCard
from engine.systems.checks import check_input, check_region, warnings_for
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.mean_profiles import MeanProfiles, traits_of
from engine.systems.proper import mass_in, mesh_values, proper_pixel, proper_values
from engine.systems.registry import register

BATCH = 16
"""Maps painted at a time: enough to keep cores busy, few enough for their caches."""


@register("cluster-unet")
class ClusterPainter(Emulator):
    """Hot gas, its temperature or its X-rays on a map of a cluster's dark matter.

    Where its file holds mean profiles (`profile.radius`, `profile.powers`), those of the map's
    mass, redshift and lumpiness go in beside the dark matter, and the network paints by how much
    this cluster differs.

    The network sees values per proper area, so that one serves all redshifts; pixels have the
    proper size of the training. Beyond the map it sees empty sky, so that every cluster must be
    cut out alike, and a region is cut from the painting of the whole.

    References
    ----------
    Chadayammuri et al. 2023.
    """

    title = "Cluster U-Net"
    paper = "Chadayammuri et al. 2023, MNRAS 526, 2812"
    baseline = "local-map"

    def load(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Build the network, and take the mean profiles that it begins with, if it has them."""
        network, self.profiles = _network(self.card, weights)
        network = network.to(self.device)
        self.network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Paint a map. See `Emulator.predict_many`."""
        (eaten,) = self.card.inputs
        mesh = self.named(inputs)[eaten.name]
        self.values(parameters)
        if region is not None:
            check_input(mesh, eaten, self.card)
            check_region(region, mesh)
        (painting,) = self.predict_objects([mesh])
        return [painting if region is None else painting.cut(region)] * len(realisations)

    def predict_each(self, places: Sequence[Inputs]) -> list[Any]:
        """Paint several maps, a batch at a time. See `Emulator.predict_each`."""
        (eaten,) = self.card.inputs
        return self.predict_objects([self.named(each)[eaten.name] for each in places])

    def predict_objects(self, meshes: Sequence[Any]) -> list[Any]:
        """Paint many maps, a batch at a time.

        Parameters
        ----------
        meshes : sequence of Cutout
            Of dark matter, all of one number of pixels.

        Returns
        -------
        list of Cutout
            In their order.

        Raises
        ------
        ValueError
            In one sentence, if one of them can't be painted on.
        """
        (eaten,) = self.card.inputs
        for mesh in meshes:
            check_input(mesh, eaten, self.card)
            self._check_sides(mesh)
        painted = []
        for first in range(0, len(meshes), BATCH):
            batch = meshes[first : first + BATCH]
            scaled = np.stack([self._scaled(mesh, eaten) for mesh in batch])
            for mesh, values in zip(batch, self._paint(scaled), strict=True):
                painted.append(self._painting(mesh, values))
        return painted

    def _scaled(self, mesh: Any, eaten: Input) -> NDArray[np.float32]:
        """What the network sees of a map, (inputs, ny, nx)."""
        values, pixel = proper_values(mesh)[None], proper_pixel(mesh)
        dark_matter = eaten.normalization.forward(values)
        if self.profiles is None:
            return dark_matter
        bare = mesh.field == "dmo"
        (traits,) = traits_of(values, mass_in(mesh), mesh.redshift, bare, pixel)
        mean = self.profiles.maps(traits, mesh.shape, pixel)
        return np.concatenate([dark_matter, mean.astype(np.float32)])

    def _paint(self, scaled: NDArray[np.float32]) -> NDArray[np.float64]:
        """Paint what the network sees, (n, inputs, ny, nx), in the output's unit."""
        x = torch.from_numpy(scaled).to(self.device)
        with torch.inference_mode():
            y = self.network(x.contiguous(memory_format=torch.channels_last))
        painted = y[:, 0].clamp(min=0).cpu().numpy().astype(np.float64)
        return self.card.output.normalization.inverse(painted)

    def _painting(self, mesh: Any, values: NDArray[np.float64]) -> Cutout:
        (eaten,) = self.card.inputs
        painting: Cutout = mesh.with_values(
            mesh_values(values, self.card.field, mesh.redshift),
            field=self.card.field,
            emulator=self.card.system,
            seed=None,
            warnings=mesh.warnings + warnings_for(mesh, eaten, self.card),
        )
        return painting

    def _check_sides(self, mesh: Any) -> None:
        multiple = self.network.config.multiple
        if any(side % multiple for side in mesh.shape):
            raise ValueError(
                f"{place(mesh)} has {' x '.join(map(str, mesh.shape))} pixels, expected sides that "
                f"are multiples of {multiple}: the network halves them."
            )


def _network(
    card: ModelCard, weights: Mapping[str, NDArray[np.float32]]
) -> tuple[ClusterUNet, MeanProfiles | None]:
    """Build the card's network, without batch normalisation, and fill it with its weights.

    Raises
    ------
    ValueError
        In one sentence, if they don't fit.
    """
    numbers = {name: value for name, value in card.architecture.items() if name != "network"}
    tables = {name: table for name, table in weights.items() if name.startswith("profile.")}
    try:
        network = ClusterUNetConfig(**numbers).build().folded()
        tensors = {
            name: torch.from_numpy(np.array(array))
            for name, array in weights.items()
            if name not in tables
        }
        network.load_state_dict(tensors)
        profiles = None
        if network.config.inputs > 1:
            profiles = MeanProfiles(tables["profile.radius"], tables["profile.powers"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"{card.name}.safetensors doesn't fit the network of its card: "
            f"{str(error).splitlines()[0]}."
        ) from None
    return network, profiles
