"""Who acts in a statement: agents by their one identifier, groups by their members."""

from __future__ import annotations

from typing import Any, Final

from ingest.formats.fields import dict_in, list_in, text_in
from ingest.formats.platform_ids import person_id, sha1_of

_PATHS: Final = ("actor.account.name", "actor.mbox", "actor.mbox_sha1sum", "actor.openid")
WANTED: Final = "one of account.name, mbox, mbox_sha1sum and openid says who acts"


def student_of(agent: object) -> str | None:
    """Returns an agent's pseudonym; None where it has no identifier.

    An account's name is taken as it is: the platforms of a deployment share one space of ids. Of an address its SHA-1
    is taken, which is `mbox_sha1sum` where the sender hashed it already.

    Example:
        >>> student_of({"account": {"homePage": "https://lms.example", "name": "s1"}}), student_of({"name": "Ada"})
        ('s1', None)
        >>> by_address = student_of({"mbox": "mailto:ada@lms.example"})
        >>> by_address == student_of({"mbox_sha1sum": sha1_of("mailto:ada@lms.example").upper()})
        True
    """
    fields = dict_in(agent)
    account = fields.get("account")
    for each in list_in(account):  # old statements hold a list of accounts
        if name := text_in(dict_in(each).get("name")) or text_in(dict_in(each).get("accountName")):
            return person_id(name)
    if mbox := _first(fields.get("mbox")):
        return person_id(mbox)
    if hashed := _first(fields.get("mbox_sha1sum")):
        return hashed.lower()
    return _first(fields.get("openid"))


def students_of(actor: object) -> list[str]:
    """Returns everybody who acts: the agent, or the members of a group; of a group without members itself.

    Example:
        >>> students_of({"objectType": "Group", "member": [{"account": {"name": "s1"}}, {"account": {"name": "s2"}}]})
        ['s1', 's2']
    """
    fields = dict_in(actor)
    members = [found for member in list_in(fields.get("member")) if (found := student_of(member))]
    if fields.get("objectType") == "Group":
        return list(dict.fromkeys(members))
    own = student_of(fields)
    return [own] if own else members[:1]


def missing_path(actor: object) -> str:
    """Returns the path of what is missing in an actor that says nobody."""
    fields: dict[str, Any] = dict_in(actor)
    if fields.get("objectType") == "Group":
        return "actor.member"
    return next((path for path in _PATHS if path.split(".")[1] in fields), "actor")


def _first(value: object) -> str | None:
    return next((found for each in list_in(value) if (found := text_in(each))), None)


__all__ = ["WANTED", "missing_path", "sha1_of", "student_of", "students_of"]
