"""Pretraining: from a corpus of documents to a checkpoint that every task starts from (Lan et al. 2019).

`sentences`, `records` and `writing` make a corpus, `pairs`, `spans` and `stream` turn it into what a step sees, `step`,
`lamb` and `schedule` learn from it, `trainer` makes all steps, `pretrain` is the public function around it. Leaves out
cleaning and joining large corpora.
"""
