"""What a painting is measured by while it is trained."""
