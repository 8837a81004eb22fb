"""Training (host only): from data files and a size, or a checkpoint, to a model folder.

Read in order: `settings` and `request` (every choice), `data` (files to ids), `start` and `word_vectors` (the weights
before the first step), `preparation` (all of that), `batches`, `optimization` (one step), `loop` (all steps),
`snapshot` (stopping and going on), `finetune` (the whole of it).
"""
