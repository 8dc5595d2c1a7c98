"""Trained weights beside their card: safetensors, and never a pickle.

Reading needs no torch and runs no code that a file brings along.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.files import sha256, written_whole
from engine.systems.card import ModelCard, write_card

Weights = Mapping[str, NDArray[np.floating[Any]]]
"""Arrays by the names that the network gives its parameters."""


def weights_path(card_path: Path) -> Path:
    """Where the weights of a card lie."""
    return card_path.with_suffix(".safetensors")


def read_weights(card_path: Path, card: ModelCard) -> dict[str, NDArray[np.float32]]:
    """Read the weights that belong to a card, in single precision.

    Raises
    ------
    ValueError
        In one sentence, if the file is missing or not the one the card describes.
    """
    path = weights_path(card_path)
    if not path.is_file():
        raise ValueError(f"Weights {path} are missing, expected them beside {card_path.name}.")
    found = sha256(path)
    if found != card.weights_sha256:
        raise ValueError(
            f"{path.name} is not the file its card describes (sha256 {found[:12]}..., expected "
            f"{card.weights_sha256[:12]}...), truncated or of another training: copy both again."
        )
    try:
        arrays = load_file(path)
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{path.name} is no safetensors file of floats: {error}.") from None
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def write_model(
    folder: Path, card: ModelCard, weights: Weights, *, half: bool = True
) -> tuple[Path, ModelCard]:
    """Write weights and card, each whole or not at all, the card last.

    Parameters
    ----------
    folder : path
        Where; files are named after the card.
    card : ModelCard
        Its hash of the weights is filled in.
    weights : mapping of str to array
        By parameter name.
    half : bool
        Store 16-bit floats: half the size, 5e-4 of each weight. Biases and tables, which move
        many pixels alike and take little room, keep 32.

    Returns
    -------
    Path, ModelCard
        Of the card as written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{card.name}.json"
    stored = {
        name: np.ascontiguousarray(array, np.float16 if half and array.ndim > 1 else None)
        for name, array in weights.items()
    }
    with written_whole(weights_path(path)) as part:
        save_file(stored, part)
        card = replace(card, weights_sha256=sha256(part))
    write_card(path, card)
    return path, card
