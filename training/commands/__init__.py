"""Commands of `python -m training`, a file for each."""
