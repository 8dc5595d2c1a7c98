"""What a run found while it looked at what chooses its weights, for its card."""

from typing import Any


class LearningCurve:
    """Scores by update, kept with the run's checkpoints."""

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def rounded(self, digits: int) -> list[dict[str, float]]:
        """Rows as a card holds them."""
        return [{name: round(value, digits) for name, value in row.items()} for row in self.rows]

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes."""
        return {"rows": self.rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take that up again."""
        self.rows = list(state["rows"])
