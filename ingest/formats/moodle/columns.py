"""The columns of a Moodle log by their English names, whatever language the export speaks."""

from __future__ import annotations

from typing import Final

from dataflows.events.text import tidy

STANDARD: Final = (
    "time",
    "user full name",
    "affected user",
    "event context",
    "component",
    "event name",
    "description",
    "origin",
    "ip address",
)
"""The columns of Moodle's export, in its order."""

_WORDS: Final = {
    "time": "zeit|uhrzeit|datum|datum/uhrzeit|heure|date|date et heure|hora|fecha|fecha y hora|ora|orario|data|"
    "data/ora|data e ora|data/hora|data e hora|tijd|tijdstip|tid|tidspunkt",
    "user full name": "vollständiger name|vollständiger name der person|name|nutzername|nutzer/in|nom complet|"
    "nom complet de l'utilisateur|nombre completo|nombre completo del usuario|nome completo|nome completo dell'utente|"
    "nome completo utente|nome completo do utilizador|nome completo do usuário|nome completo do utente|volledige naam|"
    "volledige naam gebruiker|volledige naam van de gebruiker|gebruiker volledige naam|fullständigt namn",
    "affected user": "betroffene/r nutzer/in|betroffene person|betroffener nutzer|betroffene/r|utilisateur touché|"
    "utilisateur affecté|utilisateur concerné|usuario afectado|utente interessato|utente coinvolto|utilizador afetado|"
    "utilizador afectado|usuário afetado|betrokken gebruiker|getroffen gebruiker|beïnvloede gebruiker|"
    "påverkad användare",
    "event context": "ereigniskontext|kontext|kontext des ereignisses|contexte de l'événement|contexte de l'évènement|"
    "contexto del evento|contesto dell'evento|contesto evento|contesto|contexto do evento|gebeurteniscontext|"
    "gebeurtenis context|context van de gebeurtenis|context gebeurtenis|händelsekontext",
    "component": "komponente|composant|componente|onderdeel|komponent",
    "event name": "ereignisname|name des ereignisses|ereignis|nom de l'événement|nom de l'évènement|nombre evento|"
    "nombre del evento|evento|nome evento|nome dell'evento|nome do evento|gebeurtenisnaam|naam gebeurtenis|gebeurtenis|"
    "naam van de gebeurtenis|händelsenamn",
    "description": "beschreibung|descripción|descrizione|descrição|beschrijving|beskrivning",
    "origin": "herkunft|ursprung|quelle|origine|origen|origem|oorsprong|herkomst|bron|source",
    "ip address": "ip-adresse|ip adresse|adresse ip|dirección ip|indirizzo ip|endereço ip|ip-adres|ip adres|ip-adress",
}
_ENGLISH: Final = {word: name for name, words in _WORDS.items() for word in words.split("|")}
_ID_WORDS: Final = "with id '"


def named(header: list[str], sample: list[list[str]]) -> list[str]:
    """Returns the English names of columns; what is not known keeps its own, in small letters.

    Args:
        header: The first line.
        sample: Some of the next: of a language that is not known here, the descriptions, which Moodle always writes
            in English, tell its export of nine columns.

    Example:
        >>> named(["Zeit", "Vollständiger Name", "Ereignisname"], [])
        ['time', 'user full name', 'event name']
    """
    own = [tidy(name).lower().replace("\u2019", "'") for name in header]
    known = [name if name in STANDARD else _ENGLISH.get(name, name) for name in own]
    if {"time", "event name"} <= set(known) and len(set(known)) == len(known):
        return known
    if len(own) == len(STANDARD) and sample:
        described = sum(len(row) == len(STANDARD) and _ID_WORDS in row[STANDARD.index("description")] for row in sample)
        if described * 2 > len(sample):
            return list(STANDARD)
    return known
