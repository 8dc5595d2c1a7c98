"""What a run needs to go on after it was killed, written whole or not at all."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

STATE = "state.json"
MOMENTS = ("exp_avg", "exp_avg_sq")
"""Adam's names for its two moments."""

PARTS = ("network", "average", *MOMENTS)


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
    update : int
        Updates done.
    seconds : float
        Time they took.
    """

    network: nn.Module
    average: nn.Module
    optimizer: torch.optim.Adam
    update: int = 0
    seconds: float = 0.0


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
    state = {"update": progress.update, "seconds": progress.seconds, "config": config}
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
    parts = {part: load_file(newest / f"{part}.safetensors") for part in PARTS}
    progress.network.load_state_dict(parts["network"])
    progress.average.load_state_dict(parts["average"])
    progress.optimizer.load_state_dict(
        {
            "state": {
                int(i): {
                    "step": torch.tensor(float(state["update"])),
                    **{moment: parts[moment][i] for moment in MOMENTS},
                }
                for i in parts[MOMENTS[0]]
            },
            "param_groups": progress.optimizer.state_dict()["param_groups"],
        }
    )
    progress.update, progress.seconds = state["update"], state["seconds"]
    return True


def find_all(folder: Path) -> list[Path]:
    """Whole checkpoints of a run, oldest first."""
    return sorted(folder.glob("checkpoint-*"))


def _tensors(progress: Progress) -> dict[str, dict[str, Tensor]]:
    """Every tensor of a run, in parts of the size of the network."""
    adam = progress.optimizer.state_dict()["state"]
    return {
        "network": progress.network.state_dict(),
        "average": progress.average.state_dict(),
        **{moment: {str(i): adam[i][moment] for i in adam} for moment in MOMENTS},
    }
