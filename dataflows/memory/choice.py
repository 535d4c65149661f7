"""Which forgetting model a pair has: that of its domain, else the default."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dataflows.operators.dictionary import Dictionary
from dataflows.scores.forgetting import MODELS, Model
from dataflows.settings import Settings


class Choice:
    """The models as set.

    Attributes:
        names: The models by code.
        key: What a snapshot must agree with to be continued as it is.
    """

    def __init__(self, settings: Settings) -> None:
        """Reads the settings; they were checked when they were read."""
        self.names = list(MODELS)
        self._default, self._by_domain = settings.memory_model, dict(settings.memory_models_by_domain)
        self.key: tuple[Any, ...] = (self.names, self._default, sorted(self._by_domain.items()))
        self._codes: npt.NDArray[np.int8] = np.empty(0, np.int8)

    def model(self, code: int) -> Model:
        """Returns the model of a code."""
        return MODELS[self.names[code]]

    def of(self, domain: npt.NDArray[np.int32], domains: Dictionary[str | None]) -> npt.NDArray[np.int8]:
        """Returns the code of the model of each domain.

        Args:
            domain: Codes of domains.
            domains: Their dictionary.
        """
        if len(domains) > len(self._codes):
            chosen = [self._by_domain.get(name or "", self._default) for name in domains.values]
            self._codes = np.array([self.names.index(name) for name in chosen], np.int8)
        return self._codes[domain]
