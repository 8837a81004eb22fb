"""Checkpoints in and out: other programs' files to a model folder (`importing`), and back (`exporting`)."""
