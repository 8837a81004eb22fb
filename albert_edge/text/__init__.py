"""From text to ids and from logits back to labels; the same code on the host and on the device.

Read in order: `lines` and `tables` (files to texts), `normalization` (clean-up), `pieces` (SentencePiece), `tokenizer`
(ids and offsets), `packing` (the model's input), `labels` (its output). `vocabulary` trains a SentencePiece model.
"""
