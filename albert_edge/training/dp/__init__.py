"""DP-SGD: a training with a bound on what its weights tell about any one row of the training set (Abadi et al. 2016).

`plan` is the guarantee as a value, `refusals` is what would break it, `step` is the update. Leaves out guarantees for
persons who have several rows, and secure random numbers (docs/training.md says against whom that matters).
"""
