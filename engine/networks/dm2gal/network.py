"""The network that sees a cube of dark matter and subhaloes and says the stars at its centre."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

Layer = tuple[int, int, int]
"""Side of a kernel, its stride, and features in multiples of `channels`."""

PAPER: tuple[Layer, ...] = (
    (7, 1, 1), (7, 1, 1), (3, 2, 2),
    (5, 1, 2), (5, 1, 2), (3, 2, 4),
    (3, 1, 4), (3, 1, 4), (3, 2, 8),
)  # fmt: skip
"""Of Kasmanoff et al. 2020, table 1, whose patches of 65 cells have six that no kernel reaches:
the same weights see 59, with the place in question at their centre."""

SMALL: tuple[Layer, ...] = (
    (5, 1, 1), (5, 1, 1), (3, 2, 2),
    (3, 1, 2), (3, 1, 2), (3, 2, 4),
    (3, 1, 4),
)  # fmt: skip
"""The same reach in cells of twice the size."""

LAYERS = {"paper": PAPER, "small": SMALL}

FIELDS = 2
"""Dark matter and subhaloes."""


@dataclass(frozen=True)
class Dm2GalConfig:
    """What fixes the network.

    Parameters
    ----------
    layers : str
        Name of a row of convolutions, see `LAYERS`.
    channels : int
        Features of the first layer.
    hidden : int
        Features of the layer that follows the convolutions.
    """

    layers: str = "paper"
    channels: int = 64
    hidden: int = 256

    def __post_init__(self) -> None:
        """Refuse what is no network."""
        if self.layers not in LAYERS:
            raise ValueError(
                f"layers is {self.layers!r}, expected one of {', '.join(sorted(LAYERS))}."
            )
        if self.channels < 1 or self.hidden < 1:
            raise ValueError(
                f"channels is {self.channels} and hidden {self.hidden}, expected 1 or more of both."
            )

    @property
    def side(self) -> int:
        """Of the cube that an output sees, [cells]."""
        return reach(LAYERS[self.layers])

    @property
    def margin(self) -> int:
        """Cells on either side of the one in question."""
        return self.side // 2

    def build(self, dropout: float = 0.0) -> "Dm2Gal":
        """Make the network, freshly initialised.

        Parameters
        ----------
        dropout : float
            Share of the last features that an update of the training leaves out.
        """
        return Dm2Gal(self, dropout)


def reach(layers: Sequence[Layer]) -> int:
    """Side of the cube that one output of some convolutions sees, [cells]."""
    side, step = 1, 1
    for kernel, stride, _ in layers:
        side += (kernel - 1) * step
        step *= stride
    return side


class Dm2Gal(nn.Module):
    """Convolutions that meet at the centre of a cube, and two layers on what is left of it.

    Each convolution has no padding, and batch normalisation and ReLU after it.

    Parameters
    ----------
    config : Dm2GalConfig
        Its size.
    dropout : float
        Before the last layer, in training.

    References
    ----------
    Kasmanoff et al. 2020, section 3.
    """

    def __init__(self, config: Dm2GalConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        blocks, given = [], FIELDS
        for kernel, stride, multiple in LAYERS[config.layers]:
            features = multiple * config.channels
            blocks.append(block(given, features, kernel, stride))
            given = features
        self.blocks = nn.ModuleList(blocks)
        self.hidden = nn.Linear(given, config.hidden)
        self.last = nn.Linear(config.hidden, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, patches: Tensor) -> Tensor:
        """Say the stars at the centres of cubes.

        Parameters
        ----------
        patches : tensor, (batch, 2, side, side, side)
            Scaled dark matter and subhaloes.

        Returns
        -------
        tensor, (batch,)
            Scaled stellar mass.
        """
        for each in self.blocks:
            patches = each(patches)
        return self.head(patches.flatten(1))

    def head(self, features: Tensor) -> Tensor:
        """Say the stars, (...), of what the convolutions left of a cube, (..., features)."""
        stars: Tensor = self.last(self.dropout(self.hidden(features).relu()))
        return stars[..., 0]

    @property
    def front(self) -> int:
        """Blocks up to the first one that leaves cells out, that one included."""
        strides = [stride for _, stride, _ in LAYERS[self.config.layers]]
        return next(n for n, stride in enumerate(strides, 1) if stride > 1)


def block(given: int, features: int, kernel: int, stride: int) -> nn.Sequential:
    """A convolution without padding, batch normalisation and ReLU."""
    convolution = nn.Conv3d(given, features, kernel, stride)
    return nn.Sequential(convolution, nn.BatchNorm3d(features), nn.ReLU())
