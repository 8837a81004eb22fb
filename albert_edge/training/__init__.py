"""Training (host only): from data files and a size, or a checkpoint, to a model folder.

Read in order: `recipes`, `settings` and `request` (every choice), `objectives` (what each task learns), `data` and
`masking` (files to ids), `start` and `word_vectors` (the weights before the first step), `teacher` (a model that
teaches), `preparation` (all of that), `batches`, `losses`, `additions` (what a training does beside its objective) and
`distillation`, `optimization` (one step), `scoring` (dev), `loop` (all steps), `snapshot` (stopping and going on),
`finetune` (the whole of it). `pruning` takes a trained model apart.
"""
