"""Mamba-2: checkpoints in, sessions whose state is a value."""
