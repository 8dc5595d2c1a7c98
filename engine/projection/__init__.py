"""Particles to maps: from a snapshot's columns to what a simulation file holds."""
