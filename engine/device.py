"""The device that networks run on."""

import torch


def choose_device(name: str = "auto") -> str:
    """Device to run on.

    Parameters
    ----------
    name : str
        "auto": CUDA if there is any, else the CPU; or a device of torch.

    Raises
    ------
    ValueError
        In one sentence, if there is no such device here.
    """
    available = torch.cuda.is_available()
    if name == "auto":
        return "cuda" if available else "cpu"
    try:
        kind = torch.device(name).type
    except RuntimeError:
        kind = ""
    if kind not in ("cpu", "cuda"):
        raise ValueError(f"device is {name!r}, expected one of auto, cpu, cuda.")
    if kind == "cuda" and not available:
        raise ValueError(f"device is {name!r} but torch finds no CUDA device: use auto or cpu.")
    return name
