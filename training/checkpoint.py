"""What a run needs to go on after it was killed, written whole or not at all."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.networks.ember.critic import Critic

STATE = "state.json"
MOMENTS = ("exp_avg", "exp_avg_sq")
"""Adam's names for its two moments."""


@dataclass
class Progress:
    """What changes from update to update.

    Parameters
    ----------
    network : Module
        The network that is stepped.
    average : Module
        Its moving average, which is kept in the end.
    optimizer : Adam
        With its moments.
    critic, critic_optimizer : Critic and Adam, optional
        What the network plays against.
    update : int
        Updates done.
    seconds : float
        Time they took.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Adam
    critic: Critic | None = None
    critic_optimizer: torch.optim.Adam | None = None
    update: int = 0
    seconds: float = 0.0

    @property
    def modules(self) -> dict[str, nn.Module]:
        """Networks by the names of their parts of a checkpoint."""
        critic = {} if self.critic is None else {"critic": self.critic}
        return {"network": self.network, "average": self.average} | critic

    @property
    def optimizers(self) -> dict[str, torch.optim.Adam]:
        """Optimisers by what begins the names of their parts of a checkpoint."""
        critic = {} if self.critic_optimizer is None else {"critic_": self.critic_optimizer}
        return {"": self.optimizer} | critic


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
    for part, tensors in _tensors(progress).items():
        save_file(tensors, temporary / f"{part}.safetensors")
    state = {
        "update": progress.update,
        "seconds": progress.seconds,
        "steps": {name: _steps(adam) for name, adam in progress.optimizers.items()},
        "config": config,
    }
    (temporary / STATE).write_text(json.dumps(state, indent=1))
    older = find_all(folder)
    shutil.rmtree(final, ignore_errors=True)
    temporary.rename(final)
    for path in older:
        if path != final:
            shutil.rmtree(path)
    return final


def resume(folder: Path, progress: Progress, config: dict[str, object]) -> bool:
    """Continue from the newest checkpoint of a run folder, if there is one.

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
    for name, adam in progress.optimizers.items():
        moments = {m: load_file(newest / f"{name}{m}.safetensors") for m in MOMENTS}
        # A run of an older version, which had one optimiser, didn't note its steps.
        steps = state.get("steps", {}).get(name, state["update"])
        adam.load_state_dict(
            {
                "state": {
                    int(i): {
                        "step": torch.tensor(float(steps)),
                        **{moment: moments[moment][i] for moment in MOMENTS},
                    }
                    for i in moments[MOMENTS[0]]
                },
                "param_groups": adam.state_dict()["param_groups"],
            }
        )
    progress.update, progress.seconds = state["update"], state["seconds"]
    return True


def find_all(folder: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first."""
    return sorted(folder.glob("checkpoint-*"))


def _tensors(progress: Progress) -> dict[str, dict[str, Tensor]]:
    """Every tensor of a run, in parts of the size of a network."""
    parts = {part: module.state_dict() for part, module in progress.modules.items()}
    for name, adam in progress.optimizers.items():
        states = adam.state_dict()["state"]
        for moment in MOMENTS:
            parts[name + moment] = {str(i): states[i][moment] for i in states}
    return parts


def _steps(adam: torch.optim.Adam) -> int:
    """How often it has stepped."""
    return max((int(state["step"]) for state in adam.state_dict()["state"].values()), default=0)
