"""`python -m explorer`: the page, served by Panel; its arguments are those of `panel serve`."""

import sys
from pathlib import Path

from panel.command import main

if __name__ == "__main__":
    sys.argv = ["panel", "serve", str(Path(__file__).parent), *sys.argv[1:]]
    main()
