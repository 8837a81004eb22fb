"""The Keras ALBERT and the Hugging Face folder that it is read from and written to (host only).

`sizes`, `tensors`, `initial`, `loading`, `trunk`, `folder`, `hub` and `create` need no TensorFlow; `keras` is the one
door to it, behind which lie `dropout`, `embeddings`, `block`, `encoder`, `heads`, `weights` and `predictor`.
"""
