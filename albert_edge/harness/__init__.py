"""Measuring and scoring a converted file on the machine at hand: latency, memory, accuracy, agreement.

Runs wherever the runtime runs: numpy, sentencepiece, one interpreter. Importing any module here never imports
TensorFlow; scoring a model folder asks for it by name, inside the function that needs it.
"""
