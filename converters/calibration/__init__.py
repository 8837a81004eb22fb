"""What flows through a network on texts: where it is watched, on which texts, and which ranges its integers need."""

from converters.calibration.texts import calibration_texts

__all__ = ["calibration_texts"]
