"""A report of how good emulators are and where they fail: `python -m training score --out`."""
