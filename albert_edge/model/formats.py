"""Names of checkpoint formats and of what weights are stored in; nothing else, so that a help can list them at once."""

HUGGINGFACE = "huggingface"
TF1 = "google-tf1"
SAVED_MODEL = "saved-model"

IMPORT_FORMATS = (HUGGINGFACE, TF1, SAVED_MODEL)
EXPORT_FORMATS = (TF1, HUGGINGFACE)

WEIGHT_TYPES = ("float32", "float16")
"""What a Hugging Face folder's weights can be written in; TensorFlow 1's format has float32 alone."""
