"""Command line: python -m training fit, score, crops, baseline, cluster-baselines, mesh and hod."""

import typer

from training.commands.baselines import (
    fit_baseline,
    fit_cluster_baselines,
    fit_hod,
    particle_mesh,
)
from training.commands.crops import crops
from training.commands.fit import fit
from training.commands.score import score

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
for command in (fit, score, crops):
    app.command()(command)
app.command("baseline")(fit_baseline)
app.command("cluster-baselines")(fit_cluster_baselines)
app.command("mesh")(particle_mesh)
app.command("hod")(fit_hod)

if __name__ == "__main__":
    app()
