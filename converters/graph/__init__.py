"""The graph that a device runs: the network written for one text, and the layouts that it comes in."""
