"""Plain torch networks: no files, no physical units."""
