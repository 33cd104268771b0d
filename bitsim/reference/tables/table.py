"""What every form of a table does."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray


class Table(ABC):
    """A matrix (vocab, hidden): token ids to rows, and rows to logits."""

    def __init__(self, form: str, vocab: int, hidden: int, nbytes: int) -> None:
        self.form = form  # "bf16", ...: for people
        self.vocab = vocab
        self.hidden = hidden
        self.nbytes = nbytes  # in memory, mapped or not

    @abstractmethod
    def rows(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Rows of ids inside the table, (m, hidden) float32: the values of the file, exactly."""

    @abstractmethod
    def logits(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """x @ table^T: (m, hidden) float32 to (m, vocab) float32; each row is read once."""
