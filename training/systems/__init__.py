"""How each published system is trained, one file for each, registered by its class's decorator."""
