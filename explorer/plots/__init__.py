"""Pure functions from results to figures; no panel."""
