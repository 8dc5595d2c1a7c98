"""Trained weights and the card that says what they are: safetensors beside JSON.

Reading either needs no torch and runs no code that a file brings along.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from hashlib import file_digest
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from engine.cosmology import Cosmology
from engine.fields import LEVELS, field_named, one_of
from engine.normalization import LogNormalization

FORMAT = "baryon-explorer model card"
VERSION = 1

Weights = Mapping[str, NDArray[np.floating[Any]]]
"""Arrays by the names that the network gives its parameters."""


@dataclass(frozen=True)
class TrainingFile:
    """A slab file that weights were trained on.

    Parameters
    ----------
    name : str
        Of the file.
    axes : str
        Projections that were used.
    sha256 : str
        Of the file.
    """

    name: str
    axes: str
    sha256: str


@dataclass(frozen=True)
class ModelCard:
    """What a set of weights is, where it comes from and how good it was.

    Parameters
    ----------
    system : str
        Name of the emulator, for example "ember-unet".
    title, paper : str
        For people: its name and who published it.
    field, level : str
        What it paints, and the input level it was trained on.
    architecture : dict
        Numbers that fix the network; `network` names its kind.
    normalization_in, normalization_out : LogNormalization
        Of the dark matter and of the painted field.
    pixel_size : float
        Of the training maps, comoving [kpc/h].
    depth : float
        Mean over the training slabs, comoving [Mpc/h].
    redshift : float
        Of the training maps.
    cosmology : Cosmology
        Of the training simulations.
    stochastic : bool
        Whether a seed changes the result.
    training_data : tuple of TrainingFile
        What it was trained on.
    recipe : dict
        The training configuration.
    seed : int
        Of the training.
    hours : float
        Time the training took.
    device : str
        What it ran on.
    licence : str
        Of the weights.
    scores : tuple of dict
        One for each held-out set of maps, see `training.validation`.
    weights_sha256 : str
        Of the weight file that belongs to the card.
    """

    system: str
    title: str
    paper: str
    field: str
    level: str
    architecture: dict[str, Any]
    normalization_in: LogNormalization
    normalization_out: LogNormalization
    pixel_size: float
    depth: float
    redshift: float
    cosmology: Cosmology
    stochastic: bool
    training_data: tuple[TrainingFile, ...]
    recipe: dict[str, Any]
    seed: int
    hours: float
    device: str
    licence: str
    scores: tuple[dict[str, Any], ...] = ()
    weights_sha256: str = ""

    def __post_init__(self) -> None:
        """Refuse a field or level that the engine doesn't know, and impossible geometry."""
        field_named(self.field)
        one_of("level", self.level, LEVELS)
        for name in ("pixel_size", "depth"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}, expected a positive number.")

    @property
    def name(self) -> str:
        """Of its files, without their endings."""
        return f"{self.system}-{self.field}-{self.level}".lower()

    def to_dict(self) -> dict[str, Any]:
        """Everything on the card, as JSON can hold it."""
        return {"format": FORMAT, "format_version": VERSION, **asdict(self)}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Build the card that `to_dict` took apart.

        Raises
        ------
        ValueError
            In half a sentence, to follow the file's name, if the content is no card.
        """
        if content.get("format") != FORMAT:
            raise ValueError(f"has no format {FORMAT!r}")
        if content.get("format_version") != VERSION:
            raise ValueError(
                f"has format version {content.get('format_version')}, expected {VERSION}"
            )
        entries = {k: v for k, v in content.items() if k not in ("format", "format_version")}
        known = {entry.name for entry in fields(cls)}
        if set(entries) != known:
            wrong = ", ".join(sorted(set(entries) ^ known))
            raise ValueError(f"lacks or doesn't know the entries {wrong}")
        try:
            return cls(
                **entries
                | {
                    "normalization_in": LogNormalization(**entries["normalization_in"]),
                    "normalization_out": LogNormalization(**entries["normalization_out"]),
                    "cosmology": Cosmology(**entries["cosmology"]),
                    "training_data": tuple(TrainingFile(**f) for f in entries["training_data"]),
                    "scores": tuple(entries["scores"]),
                }
            )
        except (TypeError, ValueError) as error:
            raise ValueError(f"holds an entry that can't be used ({error})") from None


def read_card(path: Path) -> ModelCard:
    """Read a card.

    Parameters
    ----------
    path : path
        Of its JSON file.

    Raises
    ------
    ValueError
        In one sentence, if the file is missing, truncated or no card.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return ModelCard.from_dict(content if isinstance(content, dict) else {})
    except OSError as error:
        raise ValueError(f"Model card {path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        problem = "is no text"
    except json.JSONDecodeError as error:
        problem = f"is no whole JSON ({error})"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{path.name} is no model card this version reads: it {problem}.")


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
        Store 16-bit floats: half the size, 5e-4 of each weight.

    Returns
    -------
    Path, ModelCard
        Of the card as written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{card.name}.json"
    stored = {n: np.ascontiguousarray(w, np.float16 if half else None) for n, w in weights.items()}
    temporary = weights_path(path).with_suffix(".part")
    save_file(stored, temporary)
    card = replace(card, weights_sha256=sha256(temporary))
    temporary.replace(weights_path(path))
    write_card(path, card)
    return path, card


def write_card(path: Path, card: ModelCard) -> None:
    """Write a card whole or not at all."""
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_text(json.dumps(card.to_dict(), indent=1) + "\n", encoding="utf-8")
    temporary.replace(path)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
