"""Entry point of `panel serve explorer`."""

import sys
from pathlib import Path

# Served from a checkout that isn't installed, only this folder is on the path. The file runs
# for every session.
if (root := str(Path(__file__).resolve().parent.parent)) not in sys.path:
    sys.path.insert(0, root)

from explorer.app import page

page().servable()
