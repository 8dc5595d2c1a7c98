"""One file per published system, each registered by its class's decorator.

Nothing is imported here: reading cards must not wait for torch.
"""
