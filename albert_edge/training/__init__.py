"""Training (host only): from data files and a size, or a checkpoint, to a model folder.

Read in order: `recipes`, `settings` and `request` (every choice), `objectives` (what each task learns), `data` and
`masking` (files to ids), `start` and `word_vectors` (the weights before the first step), `preparation` (all of that),
`batches`, `losses`, `optimization` (one step), `scoring` (dev), `loop` (all steps), `snapshot` (stopping and going on),
`finetune` (the whole of it).
"""
