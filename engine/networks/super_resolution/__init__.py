"""Networks of the super-resolution emulator."""
