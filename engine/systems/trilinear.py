"""The baseline that knows nothing beyond the low resolution: its cells, interpolated."""

from collections.abc import Mapping, Sequence
from typing import Any

from engine.noise import Realisation
from engine.systems.box_pair import check_whole, interpolated
from engine.systems.checks import check_input, check_region, warnings_for
from engine.systems.contract import Emulator, Inputs, Region
from engine.systems.registry import register


@register("trilinear")
class Trilinear(Emulator):
    """The density of low resolution between the centres of its cells, on cells of half the size.

    It has no weights. What super-resolution adds is what it paints better than this.
    """

    title = "Trilinear"
    paper = "a baseline: low resolution, interpolated"
    on_cpu = True

    def predict_many(
        self,
        inputs: Inputs,
        realisations: Sequence[Realisation],
        region: Region | None = None,
        parameters: Mapping[str, float] | None = None,
    ) -> list[Any]:
        """Interpolate a periodic box. See `Emulator.predict_many`."""
        (eaten,) = self.card.inputs
        low = self.named(inputs)[eaten.name]
        check_input(low, eaten, self.card)
        check_whole(low)
        self.values(parameters)
        painted = low.with_values(
            interpolated(low.values),
            cell_size=low.cell_size / 2,
            field=self.card.field,
            emulator=self.card.system,
            seed=None,
            warnings=low.warnings + warnings_for(low, eaten, self.card),
        )
        if region is not None:
            check_region(region, painted)
            painted = painted.cut(region)
        return [painted] * len(realisations)
