"""`python -m hil_sim.agreement`: one seed of the simulated agreement."""

import typer

from hil_sim.agreement.command import agreement

if __name__ == "__main__":
    typer.run(agreement)
