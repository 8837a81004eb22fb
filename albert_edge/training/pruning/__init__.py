"""Pruning: a trained model with less in it, and the training that makes up for what went.

Read in order: `plan` (what shall go), `settings` (how the model learns again), `importance` (what matters, by gradients
or activations), `surgery` (cutting heads and units out), `figures` (what was gained), `pruning` (the whole of it: the
public `prune`). Magnitude pruning happens while the model trains: `additions/sparsity.py`.
"""
