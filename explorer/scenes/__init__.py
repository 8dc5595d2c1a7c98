"""One file per kind of data: what can be selected of it, and what is shown of a selection."""
