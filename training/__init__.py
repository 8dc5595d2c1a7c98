"""Fitting the emulators' networks to maps of hydrodynamical simulations."""
