"""Who may read what: a token's scopes, asked before the database is.

`read:school` counts everybody and names nobody. `read:class:7B` reads class 7B and its students, `read:class:*` those
of every class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from api.problems import ProblemError
from api.tokens import CLASS_PREFIX, READ_SCHOOL

EVERY: Final = "*"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a token may read.

    Attributes:
        school: Whether it counts the whole school.
        classes: The classes whose students it may see; None for every class.
    """

    school: bool
    classes: frozenset[str] | None

    @classmethod
    def of(cls, scopes: frozenset[str]) -> Rights:
        """Returns what scopes allow to read.

        Raises:
            ProblemError: Nothing (403).

        Example:
            >>> Rights.of(frozenset({"read:class:7B", "ingest"})).classes
            frozenset({'7B'})
        """
        named = {scope.removeprefix(CLASS_PREFIX) for scope in scopes if scope.startswith(CLASS_PREFIX)}
        rights = cls(READ_SCHOOL in scopes, None if EVERY in named else frozenset(named))
        if not rights.school and rights.classes == frozenset():
            detail = f"This token may not read: that needs the scope {READ_SCHOOL} or {CLASS_PREFIX}ID."
            raise ProblemError(403, "scope", detail)
        return rights

    @property
    def counts_everybody(self) -> bool:
        """Whether numbers of every class, and of all together, are its to read."""
        return self.school or self.classes is None

    def sees(self, class_id: str | None) -> bool:
        """Says whether it may see who the students of a class are; None is a student without class."""
        return self.classes is None or class_id in self.classes

    def counted(self, class_id: str | None) -> list[str] | None:
        """Returns the classes whose numbers to answer with; None is everybody.

        Args:
            class_id: The one that was asked for; None where none was.

        Raises:
            ProblemError: It may not read that class (403).
        """
        if class_id is not None:
            if not self.counts_everybody and not self.sees(class_id):
                raise _refused(class_id)
            return [class_id]
        return None if self.counts_everybody else sorted(self.classes or ())

    def seen(self, class_id: str | None) -> list[str] | None:
        """Returns the classes whose students to answer with; None is everybody.

        Raises:
            ProblemError: It may not see that class's students, or nobody's (403).
        """
        if class_id is not None:
            if not self.sees(class_id):
                raise _refused(class_id)
            return [class_id]
        if self.classes == frozenset():
            detail = f"This token counts students and sees none: that needs the scope {CLASS_PREFIX}ID."
            raise ProblemError(403, "scope", detail)
        return None if self.classes is None else sorted(self.classes)

    def require_school(self) -> None:
        """Goes on only where numbers that mix classes may be read.

        Raises:
            ProblemError: They may not (403).
        """
        if not self.counts_everybody:
            detail = f"These numbers are of the whole school: they need the scope {READ_SCHOOL}."
            raise ProblemError(403, "scope", detail)

    @property
    def key(self) -> str:
        """What two tokens have in common that get the same answers."""
        return f"{self.school}/{EVERY if self.classes is None else ','.join(sorted(self.classes))}"


def _refused(class_id: str) -> ProblemError:
    detail = f"This token may not see class {class_id}: that needs the scope {CLASS_PREFIX}{class_id}."
    faults = [{"path": "class_id", "detail": "not among the classes of this token"}]
    return ProblemError(403, "scope", detail, errors=faults)
