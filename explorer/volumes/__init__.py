"""Boxes on show: what is selected of them, what is read and measured, and how they are painted."""
