"""`rerun`: a recipe's maps and curves, made again."""

import warnings
from pathlib import Path
from typing import Annotated

import typer


def rerun(
    recipe: Annotated[Path, typer.Argument(help="The recipe, as the page's Download gives it.")],
    out: Annotated[Path, typer.Option(help="The map file to write.")],
    against: Annotated[
        Path | None, typer.Option(help="A map file; say whether its numbers are the same.")
    ] = None,
) -> None:
    """Make a recipe's maps and curves again."""
    # Only now: they import torch, which takes seconds.
    from engine import outcome_words
    from engine.formats.map_file import read_map_file, write_map_file
    from engine.reruns import read_recipe

    read, make_again = read_recipe(recipe.read_text(encoding="utf-8"))
    other = read_map_file(against)[0] if against else None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcome = make_again()
    for warning in caught:
        typer.echo(warning.message, err=True)
    write_map_file(out, outcome, read.to_json())
    typer.echo(outcome_words.table(outcome))
    if against and other:
        typer.echo(outcome_words.comparison(outcome, other, against.name))
