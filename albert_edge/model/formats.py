"""The names of other programs' checkpoint formats; nothing else, so that a command's help can list them at once."""

HUGGINGFACE = "huggingface"
TF1 = "google-tf1"
SAVED_MODEL = "saved-model"

IMPORT_FORMATS = (HUGGINGFACE, TF1, SAVED_MODEL)
EXPORT_FORMATS = (TF1, HUGGINGFACE)
