"""`classpulse report`: the known term's numbers on the page, in the PDF and in the CSV, on both databases."""

from __future__ import annotations

import csv
import re
import secrets
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from cli.main import app
from reports import paper
from tests.grafana.conftest import School, empty_school, term
from tests.grafana.known_term import at, quiz
from tests.parts import require

__all__ = ["empty_school", "term"]  # fixtures
Run = Callable[..., Result]


@pytest.fixture
def run(term: School, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("DATABASE_URL", term.url)
    monkeypatch.setenv("PGOPTIONS", "-c classpulse.clock=data")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(app, ["report", *arguments])


def words(html: str) -> str:
    """Returns what the page's body says, without its tags."""
    body = html[html.index("<body>") :]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def page(run: Run, *options: str) -> str:
    result = run("7B", "--html", "-o", "7b", *options)
    assert result.exit_code == 0, result.output
    return words(Path("7b.html").read_text(encoding="utf-8"))


def test_the_page_has_the_numbers_of_the_panels(run: Run) -> None:
    said = page(run)
    # 7B of the known term: 4 enrolled, 3 came, 1,800 s a student, (85 + 35 + 60 + 50) / 4, dia is at risk
    assert "4 Enrolled 75 % Came 30 min Active a student 0 % Median finished 57.5 Average score 1 At risk" in said
    assert "Students with each sign: never started 1, away a week 1, failed twice 1." in said
    assert "2 Feb to 2 Mar 2026 · data as of 2 Mar 2026 10:00" in said


def test_students_are_numbered_unless_names_are_asked_for(run: Run) -> None:
    plain, named = page(run), page(run, "--names")
    assert "Student 1 math 0.8" in plain
    assert "Dia math 0.8" in named
    for secret in (" Dia ", " dia ", " Ben ", " ben "):
        assert secret not in plain
    assert "Names of students are shown" in named


def test_the_time_is_what_was_chosen(run: Run) -> None:
    said = page(run, "--from", "2026-02-03", "--to", "2026-02-04")
    assert "3 Feb to 4 Feb 2026" in said
    assert "No module quiz was taken." in said


def test_csv_files_hold_every_row_as_the_database_has_it(run: Run) -> None:
    assert run("7B", "--csv", "-o", "7b").exit_code == 0
    assert len(list(Path("7b").glob("*.csv"))) == 8
    with Path("7b/classes.csv").open(encoding="utf-8", newline="") as file:
        [row] = csv.DictReader(file)
    assert (row["Class"], row["Enrolled"], row["Came"], row["Average score"]) == ("Class 7B", "4", "0.75", "57.5")
    assert not any("Dia" in path.read_text(encoding="utf-8") for path in Path("7b").glob("*.csv"))


def test_ids_and_titles_cannot_break_the_page(run: Run, term: School) -> None:
    term.put(classes=[{"class_id": "x/<b>", "title": "<script>1 & 2", "grade": "7"}])
    result = run("x/<b>", "--html")
    assert result.exit_code == 0, result.output
    [path] = Path().glob("*.html")
    html = path.read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "&lt;script&gt;1 &amp; 2" in html
    assert "No roster for this class" in html


@pytest.mark.parametrize("class_id", ["7$B", "$__interval", "${class:sqlstring}", "7%B", "o'x", "../x", "=1+1", "é/7"])
def test_any_class_id_gets_its_report(run: Run, term: School, class_id: str) -> None:
    term.put(classes=[{"class_id": class_id, "title": class_id, "grade": "7"}])
    result = run(f" {class_id}", "--html", "--csv")
    assert result.exit_code == 0, result.output
    assert len(list(Path().glob("*.html"))) == 1


def test_no_cell_of_a_csv_file_is_run_by_a_spreadsheet(run: Run, term: School) -> None:
    term.put(quiz_attempts=[quiz("ada", at(-5), 20, "=1+1"), quiz("ada", at(-1), 20, "=1+1")])
    term.settle()
    assert run("7B", "--csv", "-o", "7b").exit_code == 0
    cells = [cell for path in Path("7b").glob("*.csv") for row in csv.reader(path.open(newline="")) for cell in row]
    assert "'=1+1" in cells
    assert not any(cell.startswith("=") for cell in cells)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["9Z", "--html"], "there is no class 9Z"),
        (["7B", "--html", "--from", "2026-03-01", "--to", "2026-02-01"], "the time is empty"),
    ],
)
def test_what_cannot_be_reported_is_said(run: Run, arguments: list[str], says: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 3
    assert says in result.output


def test_a_login_that_is_no_teachers_reader_gets_no_report(
    run: Run, term: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = f"report_{secrets.token_hex(4)}"
    with psycopg.connect(term.url, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'x' IN ROLE classpulse_reader_school".encode())
        try:
            monkeypatch.setenv("DATABASE_URL", conninfo.make_conninfo(term.url, user=login, password="x"))
            result = run("7B", "--html")
        finally:
            owner.execute(f"DROP ROLE {login}".encode())
    assert result.exit_code == 3
    assert "GRANT classpulse_reader_teacher" in result.output


def test_without_chromium_it_says_what_to_do_and_leaves_an_older_file(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLASSPULSE_CHROMIUM", "/nowhere/chromium")
    Path("7b.pdf").write_text("older")
    result = run("7B", "--pdf", "-o", "7b")
    assert result.exit_code == 3
    assert "there is no Chromium here. Install it" in result.output
    assert "--html" in result.output
    assert Path("7b.pdf").read_text() == "older"


def test_the_pdf_says_what_the_page_says(run: Run, term: School) -> None:
    require("chromium", paper.chromium() is not None, "no chromium on PATH")
    term.put(milestones=[{**post, "class_id": "7B"} for post in posts(20)])
    result = run("7B", "--pdf", "--names", "-o", "out/7b.pdf")
    assert result.exit_code == 0, result.output
    pages = PdfReader("out/7b.pdf").pages
    text = re.sub(r"\s+", " ", " ".join(each.extract_text() for each in pages))
    for words_ in (
        "Class 7B",
        "57.5",
        "Average score",
        "Dia math 0.8",
        "Forum posts, day by day",
        "What the numbers mean",
    ):
        assert words_ in text
    assert f"1 / {len(pages)}" in text
    assert [round(float(side) / 72 * 25.4) for side in pages[0].mediabox[2:]] == [210, 297]


def posts(count: int) -> list[dict[str, object]]:
    return [
        {"event_time": at(9, -day), "event_id": f"p{day}", "student_id": "ann", "kind": "forum_post"}
        for day in range(count)
    ]
