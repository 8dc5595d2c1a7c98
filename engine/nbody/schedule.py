"""When a particle mesh begins, in how many steps it goes on, and how fine it is."""

BEGIN = 0.1
"""Scale factor at which second-order displacements are handed to the mesh."""

STEPS = 10
"""Equal in the scale factor (Feng et al. 2016)."""

MESH_FACTOR = 2
"""Cells of the mesh a side per particle."""
