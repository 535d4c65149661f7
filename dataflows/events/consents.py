"""Consent as events: a student's word that nothing of hers is counted from here on, and that it is again."""

from __future__ import annotations

from typing import Final

WITHDRAWN: Final = "consent_withdrawn"
GIVEN: Final = "consent_given"
CONSENTS: Final = (WITHDRAWN, GIVEN)
"""The names of such events. In a topic of any kind they are spelt as in the clickstream."""
