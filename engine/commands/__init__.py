"""Commands of `python -m engine`, a file each: options to calls of the engine, with progress."""
