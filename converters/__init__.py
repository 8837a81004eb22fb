"""The host's side: from a trained Hugging Face folder to one verified `.tflite`. Needs `albert-edge[host]`."""
