"""Dates of many languages; which number is the day, the whole file decides, or nobody."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.formats import Entry, FormatError
from ingest.formats.moodle.reading import Options, read_moodle
from ingest.formats.moodle.times import parse_time

HEAD = "Time,User full name,Affected user,Event context,Component,Event name,Description,Origin,IP address\n"


def times(tmp_path: Path, *texts: str, **options: Any) -> list[str | None]:
    path = tmp_path / "log.csv"
    rest = "P One,-,Course: X,System,Course viewed,The user with id '11' viewed the course with id '5'.,web,192.0.2.1"
    path.write_text(HEAD + "".join(f'"{text}",{rest}\n' for text in texts), encoding="utf-8")
    found = [item.event_ms for item in read_moodle(path, Options(**options)) if isinstance(item, Entry)]
    return [None if ms is None else f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M}" for ms in found]


@pytest.mark.parametrize(
    ("texts", "days"),
    [
        (["04/05/21, 10:00", "04/17/21, 12:38"], ["2021-04-05 10:00", "2021-04-17 12:38"]),
        (["04/05/21, 10:00", "17/04/21, 12:38"], ["2021-05-04 10:00", "2021-04-17 12:38"]),
        (["1/03/21, 10:00"], ["2021-03-01 10:00"]),
        (["03/1/21, 10:00"], ["2021-03-01 10:00"]),
        (["04.05.21, 10:00"], ["2021-05-04 10:00"]),
        (["3/3/21, 10:00"], ["2021-03-03 10:00"]),
        (["29/02/18, 19:00", "1/03/18, 19:00"], [None, "2018-03-01 19:00"]),
    ],
)
def test_the_whole_file_decides_what_a_date_begins_with(
    tmp_path: Path, texts: list[str], days: list[str | None]
) -> None:
    assert times(tmp_path, *texts) == days


def test_the_order_of_the_lines_decides_where_one_reading_only_is_sorted(tmp_path: Path) -> None:
    texts = ["01/05/21, 9:00", "02/04/21, 9:00", "03/06/21, 9:00"]
    assert times(tmp_path, *texts) == ["2021-01-05 09:00", "2021-02-04 09:00", "2021-03-06 09:00"]


@pytest.mark.parametrize("texts", [["04/05/21, 10:00"], ["04/05/21, 10:00", "04/06/21, 10:00", "04/07/21, 10:00"]])
def test_where_nothing_decides_nothing_is_guessed(tmp_path: Path, texts: list[str]) -> None:
    with pytest.raises(FormatError, match="--date-order dmy or --date-order mdy"):
        times(tmp_path, *texts)
    assert times(tmp_path, *texts, date_order="dmy")[0] == "2021-05-04 10:00"
    assert times(tmp_path, *texts, date_order="mdy")[0] == "2021-04-05 10:00"
    assert times(tmp_path, *texts, date_order="ymd")[0] == "2004-05-21 10:00"


def test_two_exports_in_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="two exports"):
        times(tmp_path, "17/04/21, 10:00", "04/17/21, 10:00")


AT = "2021-10-17 15:05"


@pytest.mark.parametrize(
    "text",
    [
        "17/10/21, 15:05",
        "17/10/2021 15:05",
        "17.10.21, 15:05",
        "17.10.2021 15.05",
        "17-10-2021, 15:05:00",
        "10/17/21, 3:05 PM",
        "10/17/21, 3:05 p. m.",
        "2021-10-17 15:05",
        "2021-10-17T15:05",
        "2021/10/17 15:05",
        "2021. 10. 17. 15:05",
        "2021年10月17日 15:05",
        "2021년 10월 17일 오후 3:05",
        "17 October 2021, 3:05 PM",
        "Sunday, 17 October 2021, 3:05 PM",
        "Sunday, October 17, 2021, 3:05 PM",
        "Sonntag, 17. Oktober 2021, 15:05",
        "Sonntag, 17. Oktober 2021, 15:05 Uhr",
        "dimanche 17 octobre 2021, 15:05",
        "dimanche 17 octobre 2021 à 15h05",
        "domingo, 17 de octubre de 2021, 15:05",
        "domenica, 17 ottobre 2021, 15:05",
        "domingo, 17 de outubro de 2021 às 15:05",
        "zondag 17 oktober 2021, 15:05",
        "17 oct. 2021 15:05",
        "\u200e17/10/21, \u200f15:05",
        "١٧/١٠/٢١, ١٥:٠٥",
    ],
)
def test_the_forms_of_many_languages_are_one_instant(tmp_path: Path, text: str) -> None:
    assert times(tmp_path, text) == [AT]


MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "pt": "segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo",
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
}


@pytest.mark.parametrize("language", MONTHS)
def test_every_month_and_weekday_is_known_whole_and_shortened(language: str) -> None:
    for number, month in enumerate(MONTHS[language].split(), 1):
        expected = round(datetime(2021, number, 17, 15, 5, tzinfo=UTC).timestamp() * 1000)
        for weekday in WEEKDAYS[language].split():
            assert parse_time(f"{weekday}, 17 {month} 2021, 15:05", UTC) == expected, (weekday, month)
        assert parse_time(f"17 {month[:4]}. 2021 15:05", UTC) == expected, month


@pytest.mark.parametrize("text", ["17 October, 15:05", "17 Oct 15:05", "17/10, 15:05"])
def test_a_year_that_is_not_said_is_given_or_asked_for(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match="--year"):
        times(tmp_path, text)
    assert times(tmp_path, text, year=2021) == [AT]
    assert times(tmp_path, text, "18 October 2021, 9:00") == [AT, "2021-10-18 09:00"]


@pytest.mark.parametrize("text", ["yesterday", "17 Brumaire 2021, 10:00", "17/10/21", "17/10/21, 25:00", "1602936300x"])
def test_a_form_that_is_not_known_is_refused_with_those_that_are(tmp_path: Path, text: str) -> None:
    with pytest.raises(FormatError, match="17/10/21, 12:39"):
        times(tmp_path, text)


HEADERS = {
    "de": [
        "Zeit;Vollständiger Name;Betroffene/r Nutzer/in;Ereigniskontext",
        "Ereignisname;Beschreibung;Herkunft;IP-Adresse",
    ],
    "fr": [
        "Heure;Nom complet de l\u2019utilisateur;Utilisateur touché;Contexte de l\u2019événement",
        "Nom de l\u2019événement;Description;Origine;Adresse IP",
    ],
    "es": [
        "Hora;Nombre completo del usuario;Usuario afectado;Contexto del evento",
        "Nombre evento;Descripción;Origen;Dirección IP",
    ],
    "it": [
        "Orario;Nome completo dell'utente;Utente interessato;Contesto dell'evento",
        "Evento;Descrizione;Origine;Indirizzo IP",
    ],
    "pt": ["Hora;Nome completo;Usuário afetado;Contexto do Evento", "Nome do evento;Descrição;Origem;endereço IP"],
    "nl": [
        "Tijd;Volledige naam gebruiker;Betrokken gebruiker;Gebeurteniscontext",
        "Gebeurtenisnaam;Beschrijving;Herkomst;IP-adres",
    ],
    "a language that is not known": ["Aeg;Nimi;Kes;Kus", "Mis;Kirjeldus;Kust;IP"],
}
SAID = {
    "viewed the course with id '5'.": "page_view",
    "viewed the 'page' activity with course module id '1'.": "page_view",
    "has logged in.": "login",
    "has logged out.": "session_end",
    "has started the attempt with id '3' for the quiz with course module id '7'.": "quiz_start",
    "has viewed the attempt with id '3' for the quiz with course module id '7'.": "quiz_question_next",
    "has submitted the attempt with id '3' for the quiz with course module id '7'.": "quiz_submit",
    "has submitted the submission with id '3' for the assignment with course module id '8'.": "assignment_submit",
    "has created the discussion with id '3' in the forum with course module id '9'.": "forum_post",
    "has created the post with id '3' in the discussion with id '3'.": "forum_post",
    "updated the grade item with id '4'.": "Was auch immer",
}


@pytest.mark.parametrize("language", HEADERS)
def test_columns_and_events_are_known_in_other_languages(tmp_path: Path, language: str) -> None:
    path = tmp_path / "log.csv"
    left, right = HEADERS[language]
    rest = "The user with id '11' {};web;192.0.2.1"
    rows = [f"17.10.21, 15:05;P One;-;Kurs: X;System;Was auch immer;{rest.format(said)}" for said in SAID]
    path.write_text("\n".join([f"{left};Component;{right}", *rows]), encoding="utf-8")
    events = [json.loads(item.value) for item in read_moodle(path) if isinstance(item, Entry)]
    assert [event["event_name"] for event in events] == list(SAID.values())
    assert {event["student_id"] for event in events} == {"11"}
    assert {event["course_id"] for event in events if event.get("course_id")} == {"5"}
    assert "192.0.2.1" not in json.dumps(events)
    assert "P One" not in json.dumps(events)
