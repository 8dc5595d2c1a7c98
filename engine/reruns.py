"""Recipes of any kind, told apart by their format, and what makes their results again."""

from collections.abc import Callable
from functools import partial

from engine import box_recipe, cluster_recipe, recipe
from engine.box_recipe import BoxRecipe
from engine.cluster_recipe import ClusterRecipe
from engine.recipe import Recipe
from engine.recipe_file import json_object
from engine.results import Outcome

AnyRecipe = Recipe | BoxRecipe | ClusterRecipe


def read_recipe(text: str) -> tuple[AnyRecipe, Callable[[], Outcome]]:
    """Read the recipe of a slab, of a box or of clusters.

    Returns
    -------
    Recipe, BoxRecipe or ClusterRecipe
        As its text says.
    callable
        Makes its result again.

    Raises
    ------
    ValueError
        In one sentence, naming the entry, what was found and what was expected.
    """
    kind = json_object(text).get("format")
    if kind == box_recipe.FORMAT:
        box = BoxRecipe.from_json(text)
        return box, partial(box_recipe.rerun, box)
    if kind == cluster_recipe.FORMAT:
        clusters = ClusterRecipe.from_json(text)
        return clusters, partial(cluster_recipe.rerun, clusters)
    slab = Recipe.from_json(text)
    return slab, partial(recipe.rerun, slab)
