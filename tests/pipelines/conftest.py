"""What the tests of the pipelines share with those of the texts: a tokenizer that can be worked out by hand."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "text"))
