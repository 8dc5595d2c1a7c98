"""Clusters: what is read and painted of every object of a catalogue, and what is shown of it."""
