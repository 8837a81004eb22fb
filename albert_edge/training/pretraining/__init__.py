"""Pretraining: from a corpus of documents to a checkpoint that every task starts from (Lan et al. 2019).

`sentences`, `records` and `writing` make a corpus, `pairs`, `spans` and `stream` turn it into what a step sees, `step`,
`lamb` and `schedule` learn from it, on the `devices` of all `workers`, `trainer` makes all steps, `log` and `board`
keep what they say, `running` goes from the beginning to the folder. `pretrain` (a named size) and `adapt` (a `folder`
that goes on, with another corpus mixed in by `mixing`) are the public functions around it. Leaves out cleaning and
joining large corpora.
"""
