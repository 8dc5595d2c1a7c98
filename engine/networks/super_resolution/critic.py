"""Tells densities of high resolution from painted ones, beside their initial conditions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from engine.networks.super_resolution.generator import LEAK
from engine.networks.super_resolution.inception import glorot

SIDE = 28
"""Of the patches it judges, [cells of high resolution]."""


class Critic(nn.Module):
    """Four convolutions without padding or normalisation, then one number.

    References
    ----------
    Kodi Ramanah et al. 2020, section 3.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            (
                nn.Conv3d(2, 8, 7, stride=2),
                nn.Conv3d(8, 16, 5),
                nn.Conv3d(16, 32, 3, stride=2),
                nn.Conv3d(32, 64, 1),
            )
        )
        self.score = nn.Linear(64 * 3**3, 1)
        glorot(list(self.modules()))

    def forward(self, density: Tensor, initial: Tensor) -> Tensor:
        """Judge patches.

        Parameters
        ----------
        density : tensor, (batch, 1, 28, 28, 28)
            True or painted, over its mean.
        initial : tensor, (batch, 1, 28, 28, 28)
            Scaled linear overdensity at the same cells.

        Returns
        -------
        tensor, (batch,)
        """
        x = torch.cat((density, initial), 1)
        for layer in self.layers:
            x = F.leaky_relu(layer(x), LEAK)
        return self.score(x.flatten(1))[:, 0]
