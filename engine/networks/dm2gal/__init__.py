"""From dark matter and subhaloes around a place to the stars there."""
