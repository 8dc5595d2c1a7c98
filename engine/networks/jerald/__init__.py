"""JERALD: layers that displace particles, and what turns their density into a field."""
