"""The card of trained weights: what they eat and paint, where they come from, how good they are."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from engine.cosmology import Cosmology
from engine.fields import LEVELS, field_named, one_of
from engine.files import written_whole
from engine.normalization import (
    Normalization,
    normalization_from_json,
    normalization_to_json,
)
from engine.places import KINDS

FORMAT = "baryon-explorer model card"
VERSION = 2

EPOCH = re.compile(r"z\d+(\.\d+)?")
"""How the output time of weights is named."""

DARK_MATTER = "dark matter"
"""Name of the only input of what paints slabs of dark matter."""


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
class Input:
    """One of the meshes that an emulator eats.

    Parameters
    ----------
    name : str
        By which `predict` takes it.
    field : str
        "dm" stands for the dark matter of either run.
    kind : {"slab", "grid", "cutout"}
        Of the mesh.
    cell_size : float
        Of the training meshes, comoving [kpc/h].
    redshift : float
        Of the training meshes.
    normalization : Normalization
        To what the network sees.
    depth : float or None
        Mean over the training maps, comoving [Mpc/h]; None for a grid.
    level : str
        Name of the resolution of the run it was trained on; empty where that says nothing.
    separation : float or None
        Mean particle separation of that run, comoving [kpc/h]: what a level stands for, since
        another simulation's may have the same name; None if not known.
    redshift_to : float or None
        Highest of the training meshes, where they were of several redshifts from `redshift` on.
    """

    name: str
    field: str
    kind: str
    cell_size: float
    redshift: float
    normalization: Normalization
    depth: float | None = None
    level: str = ""
    separation: float | None = None
    redshift_to: float | None = None

    def __post_init__(self) -> None:
        """Refuse a field, kind or level that there is not, and impossible geometry."""
        _check_mesh(self.field, self.kind, self.cell_size, self.depth)
        if self.level:
            one_of("level", self.level, LEVELS)
        if self.separation is not None and not self.separation > 0:
            raise ValueError(f"separation is {self.separation}, expected a positive number")


@dataclass(frozen=True)
class Output:
    """What an emulator paints.

    Parameters
    ----------
    field, kind, cell_size, normalization, depth
        As of an `Input`.
    """

    field: str
    kind: str
    cell_size: float
    normalization: Normalization
    depth: float | None = None

    def __post_init__(self) -> None:
        """Refuse a field or kind that there is not, and impossible geometry."""
        _check_mesh(self.field, self.kind, self.cell_size, self.depth)


def _check_mesh(field: str, kind: str, cell_size: float, depth: float | None) -> None:
    field_named(field)
    one_of("kind of mesh", kind, tuple(KINDS))
    for name, length in (("cell_size", cell_size), ("depth", depth)):
        if length is not None and not length > 0:
            raise ValueError(f"{name} is {length}, expected a positive number")


@dataclass(frozen=True)
class Parameter:
    """A number that a user may change when painting.

    Parameters
    ----------
    name, symbol, unit : str
        By which `predict` takes it; how a formula writes it; its unit, empty if it has none.
    lowest, highest, value : float
        Its bounds, and what was fitted.
    """

    name: str
    symbol: str
    unit: str
    lowest: float
    highest: float
    value: float

    def __post_init__(self) -> None:
        """Refuse a value beyond the bounds."""
        if not self.lowest <= self.value <= self.highest:
            raise ValueError(
                f"parameter {self.name} is {self.value}, expected {self.lowest} to {self.highest}"
            )


@dataclass(frozen=True)
class ModelCard:
    """What a set of weights is, where it comes from and how good it was.

    Parameters
    ----------
    system : str
        Name of the emulator, for example "ember-unet".
    title, paper : str
        For people: its name and who published it.
    inputs : tuple of Input
        What it eats.
    output : Output
        What it paints.
    architecture : dict
        Numbers that fix the network; `network` names its kind.
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
    parameters : tuple of Parameter
        What may be changed when painting.
    scores : tuple of dict
        One for each held-out set of maps, see `training.validation`.
    epoch : str
        Name of the output time, as "z0", of those weights for a field that are not for the time
        of the first; empty for these.
    weights_sha256 : str
        Of the weight file that belongs to the card.
    """

    system: str
    title: str
    paper: str
    inputs: tuple[Input, ...]
    output: Output
    architecture: dict[str, Any]
    cosmology: Cosmology
    stochastic: bool
    training_data: tuple[TrainingFile, ...]
    recipe: dict[str, Any]
    seed: int
    hours: float
    device: str
    licence: str
    parameters: tuple[Parameter, ...] = ()
    scores: tuple[dict[str, Any], ...] = ()
    weights_sha256: str = ""
    epoch: str = ""

    def __post_init__(self) -> None:
        """Refuse a card without inputs or with two of one name, and an epoch that is none."""
        if self.epoch and not EPOCH.fullmatch(self.epoch):
            raise ValueError(f"epoch is {self.epoch!r}, expected a redshift as z0 or z0.5")
        names = [each.name for each in self.inputs]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"inputs are {', '.join(names) or 'none'}, expected one or more names")

    @property
    def field(self) -> str:
        """What it paints."""
        return self.output.field

    @property
    def level(self) -> str:
        """Input level that it was trained on; empty where there is none."""
        return self.inputs[0].level

    @property
    def trained_for(self) -> str:
        """What tells its weights from others of its system for its field: a level or an epoch."""
        return self.level or self.epoch

    @property
    def pixel_size(self) -> float:
        """Of what it paints, comoving [kpc/h]."""
        return self.output.cell_size

    @property
    def depth(self) -> float | None:
        """Of the maps it paints, comoving [Mpc/h]; None where it paints grids."""
        return self.output.depth

    @property
    def redshift(self) -> float:
        """Of its first input."""
        return self.inputs[0].redshift

    @property
    def name(self) -> str:
        """Of its files, without their endings."""
        return "-".join(filter(None, (self.system, self.field, self.trained_for))).lower()

    def to_dict(self) -> dict[str, Any]:
        """Everything on the card, as JSON can hold it."""
        content = asdict(self)
        scalings = [each.normalization for each in self.inputs] + [self.output.normalization]
        made = [*content["inputs"], content["output"]]
        for mesh, scaling in zip(made, scalings, strict=True):
            mesh["normalization"] = normalization_to_json(scaling)
        return {"format": FORMAT, "format_version": VERSION, **content}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Self:
        """Build the card that `to_dict` took apart, of this version or the first.

        Raises
        ------
        ValueError
            In half a sentence, to follow the file's name, if the content is no card.
        """
        if content.get("format") != FORMAT:
            raise ValueError(f"has no format {FORMAT!r}")
        version = content.get("format_version")
        if version not in (1, VERSION):
            raise ValueError(f"has format version {version}, expected {VERSION}")
        entries = {k: v for k, v in content.items() if k not in ("format", "format_version")}
        if version == 1:
            entries = _from_version_1(entries)
        entries = {"epoch": ""} | entries  # not on cards of before there was more than one
        _check_entries(cls, entries)
        try:
            return cls(
                **entries
                | {
                    "inputs": tuple(_mesh(Input, each) for each in entries["inputs"]),
                    "output": _mesh(Output, entries["output"]),
                    "cosmology": Cosmology(**entries["cosmology"]),
                    "training_data": tuple(TrainingFile(**f) for f in entries["training_data"]),
                    "parameters": tuple(Parameter(**p) for p in entries["parameters"]),
                    "scores": tuple(entries["scores"]),
                }
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"holds an entry that can't be used ({error})") from None


def _mesh(cls: Any, entries: Mapping[str, Any]) -> Any:
    return cls(**{**entries, "normalization": normalization_from_json(entries["normalization"])})


def _check_entries(cls: Any, entries: Mapping[str, Any]) -> None:
    known = {entry.name for entry in fields(cls)}
    if set(entries) != known:
        wrong = ", ".join(sorted(set(entries) ^ known))
        raise ValueError(f"lacks or doesn't know the entries {wrong}")


FIRST = ("field", "level", "normalization_in", "normalization_out", "pixel_size", "depth")
"""Entries of the first version, beside `redshift`, that inputs and output stand for now."""


def _from_version_1(entries: dict[str, Any]) -> dict[str, Any]:
    """Write a card of the first version, of EMBER's slabs alone, as one of today."""
    missing = {*FIRST, "redshift"} - set(entries)
    if missing:
        raise ValueError(f"lacks or doesn't know the entries {', '.join(sorted(missing))}")
    old = {name: entries.pop(name) for name in (*FIRST, "redshift")}
    common = {"kind": "slab", "cell_size": old["pixel_size"], "depth": old["depth"]}
    eaten = {
        "name": DARK_MATTER,
        "field": "dm",
        "redshift": old["redshift"],
        "level": old["level"],
        "normalization": {"kind": "log", **old["normalization_in"]},
    }
    painted = {
        "field": old["field"],
        "normalization": {"kind": "log", **old["normalization_out"]},
    }
    return entries | {"inputs": [eaten | common], "output": painted | common, "parameters": []}


SEPARATION_WARNED = 0.1
"""Relative difference of particle separations; levels are a factor of two apart."""


def same_resolution(eaten: Input, level: str, apart: float) -> bool:
    """Whether a run has the resolution that an input was trained at.

    Parameters
    ----------
    eaten : Input
        Of a card.
    level : str
        Name of the run's level, which decides where a separation isn't known.
    apart : float
        Mean particle separation of the run, [kpc/h]; 0 if not known.
    """
    if eaten.separation and apart:
        return abs(apart / eaten.separation - 1) <= SEPARATION_WARNED
    return level == eaten.level or not eaten.level


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
    except RecursionError:
        problem = "is JSON within JSON without an end"
    except ValueError as error:
        problem = str(error)
    raise ValueError(f"{path.name} is no model card this version reads: it {problem}.")


def write_card(path: Path, card: ModelCard) -> None:
    """Write a card whole or not at all."""
    with written_whole(path) as part:
        part.write_text(json.dumps(card.to_dict(), indent=1) + "\n", encoding="utf-8")
