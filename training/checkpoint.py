"""What a run needs to go on after it was killed, written whole or not at all."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

STATE = "state.json"


class Stateful(Protocol):
    """What can be saved and goes on from there: a scheduler, a sampler, an optimiser."""

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> Any:
        """Take that up again."""


@dataclass
class Progress:
    """What changes from update to update.

    Parameters
    ----------
    modules : dict of str to Module
        Networks by name: "network" is the one that is trained for, "average" its moving
        average if it has one, others as the system wants.
    optimizers : dict of str to Optimizer
        By the name of what they step.
    extra : dict of str to Stateful
        What else changes: schedulers, samplers.
    update : int
        Updates done.
    seconds : float
        Time they took.
    """

    modules: dict[str, nn.Module]
    optimizers: dict[str, Optimizer]
    extra: dict[str, Stateful] = field(default_factory=dict)
    update: int = 0
    seconds: float = 0.0

    @property
    def network(self) -> nn.Module:
        """The network that is stepped."""
        return self.modules["network"]

    @property
    def kept(self) -> nn.Module:
        """The network to keep in the end: the average, if there is one."""
        return self.modules.get("average", self.network)


def save(folder: Path, progress: Progress, config: dict[str, object]) -> Path:
    """Write a checkpoint beside the older one, then remove that.

    Parameters
    ----------
    folder : path
        Of the run.
    progress : Progress
        What to keep.
    config : dict
        The run's configuration, which a resumed run must share.
    """
    final = folder / f"checkpoint-{progress.update:08d}"
    temporary = folder / f".{final.name}"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    tensors, states = _taken_apart(progress)
    for part, several in tensors.items():
        save_file(several, temporary / f"{part}.safetensors")
    state = {
        "update": progress.update,
        "seconds": progress.seconds,
        "config": config,
        "states": states,
    }
    (temporary / STATE).write_text(json.dumps(state, indent=1))
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)
    for other in find_all(folder):
        if other != final:
            shutil.rmtree(other)
    return final


def resume(folder: Path, progress: Progress, config: dict[str, object]) -> bool:
    """Fill a fresh run with the newest checkpoint in a folder, if there is one.

    Raises
    ------
    ValueError
        If the folder holds a run of another configuration.
    """
    found = find_all(folder)
    if not found:
        return False
    newest = found[-1]
    state = json.loads((newest / STATE).read_text())
    changed = [key for key in config if state["config"].get(key) != config[key]]
    if changed:
        raise ValueError(
            f"Run folder {folder} holds a run with other {', '.join(changed)}, expected the same "
            "configuration to resume or a new folder."
        )
    for part, module in progress.modules.items():
        module.load_state_dict(load_file(newest / f"{part}.safetensors"))
    for part, stateful in _statefuls(progress).items():
        path = newest / f"{part}.safetensors"
        tensors = load_file(path) if path.exists() else {}
        stateful.load_state_dict(_decoded(state["states"][part], tensors))
    progress.update, progress.seconds = state["update"], state["seconds"]
    return True


def find_all(folder: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first."""
    return sorted(folder.glob("checkpoint-*"))


def _statefuls(progress: Progress) -> dict[str, Stateful]:
    """All but the networks, by the names of their parts of a checkpoint."""
    optimizers = {f"optimizer-{name}": each for name, each in progress.optimizers.items()}
    return optimizers | {f"extra-{name}": each for name, each in progress.extra.items()}


def _taken_apart(progress: Progress) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Every tensor of a run by part and name, and the rest as JSON holds it."""
    parts = {part: module.state_dict() for part, module in progress.modules.items()}
    states = {}
    for part, stateful in _statefuls(progress).items():
        tensors: dict[str, Tensor] = {}
        states[part] = _encoded(stateful.state_dict(), tensors)
        if tensors:
            parts[part] = tensors
    return parts, states


def _encoded(value: Any, tensors: dict[str, Tensor]) -> Any:
    """Write a state for JSON, which knows neither tensors, tuples nor numbers as keys."""
    if isinstance(value, Tensor):
        name = str(len(tensors))
        tensors[name] = value.contiguous()
        return {"tensor": name}
    if isinstance(value, Mapping):
        return {"dict": [[key, _encoded(each, tensors)] for key, each in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_encoded(each, tensors) for each in value]}
    return value


def _decoded(value: Any, tensors: Mapping[str, Tensor]) -> Any:
    """Undo `_encoded`."""
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _decoded(each, tensors) for key, each in content}
    several = [_decoded(each, tensors) for each in content]
    return several if kind == "list" else tuple(several)
