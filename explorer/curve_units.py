"""In which units curves are shown: those of the maps, whatever they were computed in."""

import re
from dataclasses import dataclass, replace

from engine.results import Curve
from explorer.display import Display
from explorer.ensemble import Quantiles
from explorer.results import Results
from explorer.scale import length_of, scale_of


@dataclass(frozen=True)
class AxisScale:
    """How an axis of a curve is shown.

    Parameters
    ----------
    factor : float
        What places along it are multiplied by.
    label : str
        Quantity and unit of the product.
    """

    factor: float
    label: str


@dataclass(frozen=True, eq=False)
class CurveUnits:
    """Units of the curves of some results.

    Parameters
    ----------
    results : Results
        Whose redshift and h turn comoving lengths into physical ones.
    physical : bool
        Whether lengths and areas are physical.
    columns : bool
        Whether HI is shown as column density.
    """

    results: Results
    physical: bool = False
    columns: bool = False

    @classmethod
    def on_show(cls, results: Results, display: Display) -> "CurveUnits":
        """Take the units of the maps on show."""
        return cls(results, display.units == "physical", display.quantity == "columns")

    def axis(self, label: str) -> AxisScale:
        """How an axis is shown whose label ends with the unit that it was computed in."""
        found = re.fullmatch(r"(.*) \[(.*)\]", label)
        if found is None:
            return AxisScale(1.0, label)
        words, unit = found.groups()
        painted = self.results.truth or self.results.prediction
        if painted is not None and unit == painted.about.unit and painted.about.is_density:
            scale = scale_of(painted, self.physical, self.columns)
            return AxisScale(scale.factor, scale.label)
        factor, shown = self._length(unit)
        return AxisScale(factor, f"{words} [{shown}]")

    def _length(self, unit: str) -> tuple[float, str]:
        """Factor and unit of a power of a length; of anything else, itself."""
        length, name = length_of(self.results.input, self.physical)
        if not self.physical:
            return 1.0, unit
        if unit == "h/Mpc":
            return 1 / length, f"1/{name}"
        if unit == "ckpc/h":
            return length, name.replace("M", "k")
        if unit == "Mpc/h":
            return length, name
        if found := re.fullmatch(r"\(Mpc/h\)\^(\d)", unit):
            return length ** int(found[1]), f"{name}^{found[1]}"
        if found := re.fullmatch(r"\(h/Mpc\)\^(\d)", unit):
            return length ** -int(found[1]), f"1/{name}^{found[1]}"
        return 1.0, unit

    def curve(self, curve: Curve) -> Curve:
        """Show a curve."""
        x, y = self.axis(curve.x_label), self.axis(curve.y_label)
        return replace(
            curve,
            x=x.factor * curve.x,
            y=y.factor * curve.y,
            error=None if curve.error is None else y.factor * curve.error,
            edges=None if curve.edges is None else x.factor * curve.edges,
            x_label=x.label,
            y_label=y.label,
        )

    def quantiles(self, samples: Quantiles, about: Curve) -> Quantiles:
        """Show the band of samples of a curve."""
        x, y = (self.axis(label).factor for label in (about.x_label, about.y_label))
        low, median, high = (y * each for each in (samples.low, samples.median, samples.high))
        return replace(samples, x=x * samples.x, low=low, median=median, high=high)
