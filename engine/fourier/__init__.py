"""Wavenumbers, windows, bands and triangles of them."""
