"""The Hugging Face folder as transformers loads it, for the engines that start from PyTorch.

The function that is exported takes ids and segments; with `masked` also a mask. Without one transformers' graph has no
mask at all, which is right for a text at its exact length, and the least work for the engine.
"""

from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForSequenceClassification


class Classifier(torch.nn.Module):
    """Ids and segments to logits."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, token_type_ids: torch.Tensor) -> torch.Tensor:
        return self.model(input_ids=input_ids, token_type_ids=token_type_ids).logits


class MaskedClassifier(Classifier):
    """Ids, mask and segments to logits."""

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


def classifier(folder: Path, masked: bool = False, attention: str = "sdpa") -> Classifier:
    """The model of `folder` in float32, for inference; `attention` is transformers' name of how it is computed."""
    torch.set_num_threads(1)
    model = AutoModelForSequenceClassification.from_pretrained(folder, attn_implementation=attention)
    return (MaskedClassifier if masked else Classifier)(model.float().eval()).eval()


def example(tokens: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and segments to trace with."""
    ids = torch.arange(5, 5 + tokens)[None]
    return ids, torch.zeros_like(ids)
