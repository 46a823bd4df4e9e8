"""The E-POST API says in German what is wrong, and only in German."""

from __future__ import annotations

import pytest

from tests.post.sender import Epost, at, epost_letter, front, pdf

LONG = "x" * 101
PLUGIN = {"plugInName": "UploadManagement"}
# Words of the libraries that read the bodies and the PDFs.
ENGLISH = (
    "should",
    "input",
    "field",
    "invalid",
    "valid ",
    "required",
    "permitted",
    "must",
    "the ",
    "string",
    "base64:",
)


@pytest.mark.parametrize(
    ("letter", "text"),
    [
        ({}, "0.fileName: fehlt"),
        (epost_letter(colour=True), "0.colour: ist nicht bekannt"),
        (epost_letter(city=""), "0.city: hat weniger als 1 Zeichen"),
        (epost_letter(testEMail=LONG), "0.testEMail: hat mehr als 100 Zeichen"),
        (epost_letter(city=1), "0.city: ist kein Text"),
        (epost_letter(isColor=1), "0.isColor: ist weder true noch false"),
        (epost_letter(batchID="1"), "0.batchID: ist keine ganze Zahl"),
        (epost_letter(plugInList=5), "0.plugInList: ist kein Array"),
        (epost_letter(plugInList=[5]), "0.plugInList.0: ist kein Objekt"),
        (epost_letter(plugInList=[{}]), "0.plugInList.0: ohne 'plugInName'"),
        (epost_letter(plugInList=[{"plugInName": "X"}]), "unbekannt: X; möglich: 'PremiumAdress', 'UploadManagement'"),
        (epost_letter(plugInList=[PLUGIN | {"plugInModel": {"dueDays": 32}}]), "dueDays: ist größer als 31"),
        (epost_letter(plugInList=[PLUGIN | {"plugInModel": {"dueDays": 0}}]), "dueDays: ist kleiner als 1"),
        (epost_letter(plugInList=[PLUGIN | {"plugInModel": {"dueDate": "x"}}]), "dueDate: ist kein Zeitpunkt"),
        (epost_letter(plugInList=[PLUGIN | {"plugInModel": {"dueDate": "2021-02-30"}}]), "dueDate: ist kein Zeitpunkt"),
        (epost_letter(plugInList=[PLUGIN | {"plugInModel": {"dueDate": []}}]), "dueDate: ist kein Zeitpunkt"),
        (epost_letter(data="%%%"), "data von letter.pdf ist kein Base64"),
    ],
)
def test_a_mistake_in_a_body_is_told_in_german(epost: Epost, letter: dict[str, object], text: str) -> None:
    status, answer = epost.ask("POST", "/api/Letter", [letter])
    assert (status, text in answer["description"]) == (400, True), answer
    assert not [word for word in ENGLISH if word in answer["description"].lower()], answer


@pytest.mark.parametrize(("body", "text"), [(b"{", "Anfrage: kein gültiges JSON"), (b"{}", "Anfrage: ist kein Array")])
def test_a_body_that_is_no_array_is_told_in_german(epost: Epost, body: bytes, text: str) -> None:
    assert epost.ask("POST", "/api/Letter", body)[1]["description"] == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (pdf([front()], encrypt="geheim"), "PDF nicht lesbar: es ist verschlüsselt; ohne Kennwort einreichen"),
        (b"no pdf", "PDF nicht lesbar: es ist kein PDF oder beschädigt"),
    ],
)
def test_a_pdf_that_cannot_be_read_is_told_in_german(epost: Epost, content: bytes, text: str) -> None:
    number = epost.send(pdf=content)
    epost.office.physics.advance_to(at(23, 10))
    assert [error["description"] for error in epost.status(number)["errorList"]] == [text]
