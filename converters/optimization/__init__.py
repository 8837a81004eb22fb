"""`optimize`: which file of a model is the smallest and fastest that keeps its accuracy, found by trying.

candidates   what is tried, and what isn't
trials       one candidate: converted, verified on each target, scored there
timing       the latency of all of them, taking turns, on each target's own runtime
choosing     the front, and the choice within the allowed drop
picture      accuracy over latency and over bytes
search       the public function, which strings these together
"""
