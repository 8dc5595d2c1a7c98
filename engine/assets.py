"""Where simulations and trained weights are found."""

import os
from pathlib import Path

DATA_VARIABLE = "BARYON_EXPLORER_DATA"
"""Environment variable that names the user's own data folder."""


def user_folder() -> Path:
    """The user's data folder; it need not exist."""
    default = Path.home() / ".local" / "share" / "baryon-explorer"
    return Path(os.environ.get(DATA_VARIABLE) or default).expanduser()


def shipped_folder() -> Path:
    """The folder of what ships: inside the package once installed, beside it in a checkout."""
    engine = Path(__file__).parent
    installed = engine / "assets"
    return installed if installed.is_dir() else engine.parent / "assets"


def asset_folders(kind: str) -> list[Path]:
    """Existing folders that hold `kind`, the user's first.

    Parameters
    ----------
    kind : {"simulations", "universes", "weights", "baselines"}
        What is looked for.
    """
    folders = [user_folder() / kind, shipped_folder() / kind]
    return [folder for folder in folders if folder.is_dir()]
