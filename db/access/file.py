"""The access file: which scopes there are, with which classes, through which login, and who may look in Grafana."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from dataflows.errors import UserError

GROUPS: Final = {
    "classes": "classpulse_reader_class",
    "teacher": "classpulse_reader_teacher",
    "school": "classpulse_reader_school",
    "ops": "classpulse_reader_ops",
}
"""What a scope may see → the group role of its login."""

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Login = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_.@-]{0,62}$")]


class AccessFileError(UserError):
    """The file cannot be used; the message says every fault with its place."""


class Scope(BaseModel):
    """What one login, and one organisation of Grafana, may see.

    Attributes:
        name: Of the organisation.
        login: Of the database.
        sees: `classes`: those that are listed; `teacher`: all classes; `school`, `ops`: numbers without students.
        classes: The classes.
        viewers: People of Grafana, by login or address, who may look into the organisation.
        grafana: Whether there is an organisation.
    """

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    name: Name
    login: Login
    sees: Literal["classes", "teacher", "school", "ops"] = "classes"
    classes: list[Name] = Field(default_factory=list)
    viewers: list[Name] = Field(default_factory=list)
    grafana: bool = True

    @model_validator(mode="after")
    def _fits(self) -> Scope:
        if self.login.startswith(("classpulse_", "pg_")):
            msg = "login: names that begin with classpulse_ or pg_ are group roles"
            raise ValueError(msg)
        if bool(self.classes) != (self.sees == "classes"):
            msg = "classes: are listed exactly where it sees classes"
            raise ValueError(msg)
        return self


def read(path: Path) -> list[Scope]:
    """Reads and checks an access file.

    Args:
        path: YAML (or JSON, which is YAML) with the one key `scopes`.

    Raises:
        AccessFileError: With every fault found.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        message = f"{path}: {error}"
        raise AccessFileError(message) from error
    if not isinstance(found, dict) or set(found) != {"scopes"} or not isinstance(found["scopes"], list):
        message = f"{path}: needs the one key `scopes` with a list below it (docs/access.md)"
        raise AccessFileError(message)
    scopes, faults = [], []
    for number, entry in enumerate(found["scopes"], 1):
        try:
            scopes.append(Scope.model_validate(entry))
        except ValidationError as error:
            faults += [f"scope {number}: {_fault(each)}" for each in error.errors()]
    for what in ("name", "login"):
        twice = Counter(getattr(scope, what).lower() for scope in scopes)
        faults += [f"{what} {value!r} stands there twice" for value, count in twice.items() if count > 1]
    if faults:
        raise AccessFileError("\n".join([f"{path}: nothing applied, {len(faults)} fault(s)", *faults]))
    return scopes


def _fault(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    place = ".".join(str(part) for part in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"]).removeprefix("Value error, ")
