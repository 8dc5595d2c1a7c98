"""From a finished run to weights with their card."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from engine.systems.card import ModelCard
from engine.systems.weights import write_model
from training.checkpoint import Progress
from training.choice import BEST, best_so_far
from training.systems.contract import Scored, System


def export(folder: Path, system: System[Any, Any], card: ModelCard, progress: Progress) -> Path:
    """Write the weights of a run and its card; return the card's path.

    The weights are those that were chosen, and the card's recipe says which; a run that
    chose none keeps what it has at its end.

    Parameters
    ----------
    folder : path
        Of the run.
    system : System
        What was trained.
    card : ModelCard
        As the system filled it in.
    progress : Progress
        At the end of the run.
    """
    best = folder / BEST
    if isinstance(system, Scored) and best.exists():
        tensors = load_file(best)
        name = system.chosen_by
        update, score = best_so_far(best, name)
        chosen = {"chosen_update": update, f"chosen_{name}": round(score, 4)}
        card = replace(card, recipe={**card.recipe, **chosen})
    else:
        tensors = progress.kept.state_dict()
    arrays = {name: tensor.detach().cpu().numpy() for name, tensor in tensors.items()}
    weights = system.exported(arrays)
    path, _ = write_model(folder, system.described(card, weights), weights, half=system.half)
    return path
