"""Training (host only): from data files and a size, or a checkpoint, to a model folder.

Read in order: `settings` (every choice), `data` (files to ids), `start` (the model before the first step), `batches`,
`optimization` (one step), `loop` (all steps), `snapshot` (stopping and going on), `finetune` (the whole of it).
"""
