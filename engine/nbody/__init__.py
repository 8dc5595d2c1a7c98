"""Approximate N-body: growth from a linear overdensity by a particle mesh."""
