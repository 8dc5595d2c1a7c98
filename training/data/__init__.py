"""Examples to train on, one file for each kind of data."""
