"""A report of how good painters are and where they fail: `python -m training score --out`."""
