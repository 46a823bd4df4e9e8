"""The vocabulary: one frozen model for each thing that a person does on the way into the record.

The same object is the YAML step, the body of a bridge's request, the journal entry, the title of a report step
(through its German `says` sentence) and the key into the rule tables. A new verb is one class here and its rows
in `harness.onboarding`.

Values may be symbolic: `own` is what the person in the scenario has, `from-sms` what it reads in the newest SMS,
`wrong` a value of the right form that is not the right one. `harness.person` turns them into what is typed.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.wording import FIELDS, of_whom, spoken

Who = Literal["person", "guardian", "stranger"]
Device = Literal["first", "second", "guardian", "stranger"]  # the latter two: the first phone of that role
App = Literal["barmer", "ecare"]
Side = Literal["front", "back"]
DocumentWord = Literal["identity_card", "passport"]
Unlock = Literal["none", "fingerprint", "face"]
Login = Literal["account", "card"]
Place = Literal["top", "middle", "bottom"]

# Where an action is carried out: in the system under test, through its driver, or in the bench's own world.
SYSTEM, WORLD = "system", "world"


class Action(BaseModel):
    """Something a person does. `by` says who (the scenario's person by default), `on` on which of their devices."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    by: Who = "person"
    on: Device = "first"

    says: ClassVar[str] = ""
    where: ClassVar[str] = SYSTEM
    verb: ClassVar[str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.verb = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    def sentence(self) -> str:
        """The action as a German sentence for reports."""
        said = self.says.format(**{k: spoken(v) for k, v in self.model_dump().items()})
        more = [
            f"{FIELDS[k]}: {spoken(v)}"
            for k, v in self.changed().items()
            if k in FIELDS and f"{{{k}}}" not in self.says
        ]
        return said + (f" ({', '.join(more)})" if more else "") + of_whom(self.by, self.on)

    def changed(self) -> dict[str, Any]:
        """The fields that differ from their defaults: what a scenario file has to say."""
        return self.model_dump(exclude_defaults=True, exclude_none=True)


# -- the device and the apps --------------------------------------------------------------------------------------


class InstallApp(Action):
    """Install an app from the store."""

    says = "{app} installieren"
    where = WORLD
    app: App


class RemoveApp(Action):
    says = "{app} löschen"
    where = WORLD
    app: App


class OpenApp(Action):
    """Start an app; all conditions of the device are checked at every start."""

    says = "{app} öffnen"
    app: App


class KillApp(Action):
    """The app dies in mid-work: swiped away, battery empty. Its memory is gone, its storage is not."""

    says = "{app} wird abgebrochen"
    app: App


class ChooseUnlock(Action):
    says = "Entsperren der {app}: {method}"
    app: App = "barmer"
    method: Unlock = "none"


class UnlockApp(Action):
    """Open a locked app by finger or face instead of the password."""

    says = "{app} entsperren per {method}"
    app: App = "barmer"
    method: Literal["fingerprint", "face"] = "fingerprint"


class RemoveDevice(Action):
    """Remove one of the bound devices in the list of the Barmer app."""

    says = "Gerät aus der Geräteliste entfernen: {device}"
    device: Device = "first"


# -- the account --------------------------------------------------------------------------------------------------


class GivenAccount(Action):
    """Provision an account from the time before: what an insured person already has who updates it."""

    says = "Vorhandenes Benutzerkonto (alt) bereitstellen"
    user_name: bool = True
    mobile: bool = True
    weak_password: bool = False


class Register(Action):
    says = "Registrieren mit Name, Geburtsdatum und Versichertennummer"
    given_names: str = "own"
    family_name: str = "own"
    birth_date: str = "own"
    kvnr: str = "own"


class LogIn(Action):
    """Log in with user name and password. Accounts from before may still use the insurance number."""

    says = "In der {app} anmelden"
    app: App = "barmer"
    user_name: str = "own"
    password: str = "own"


class LogOut(Action):
    says = "Von der {app} abmelden"
    app: App = "barmer"


class ChooseUserName(Action):
    says = "Benutzernamen wählen: {user_name}"
    user_name: str = "own"


class ChoosePassword(Action):
    """Set the password. `repeat` is what is typed the second time, by default the same."""

    says = "Passwort wählen und wiederholen"
    password: str = "own"
    repeat: str = "same"


class ChangePassword(Action):
    """Change the password of the account in an app; credentials are managed in the Barmer app only."""

    says = "Passwort in der {app} ändern"
    app: App = "barmer"
    password: str = "Neues-Kennwort-7"


class EnterEmail(Action):
    """Give, or confirm as shown, the e-mail address; a mail with a link is sent to it. `tagged`: own, with a plus."""

    says = "E-Mail-Adresse angeben: {address}"
    address: str = "own"


class ConfirmEmail(Action):
    """Follow the link in a mail. `link`: the newest mail's, the first mail's, another person's, or a made-up one."""

    says = "Bestätigungslink öffnen: {link}"
    link: str = "from-mail"


class EnterMobile(Action):
    says = "Handynummer eingeben: {number}"
    number: str = "own"


class ConfirmMobile(Action):
    """Check the stored mobile number, as shown, and confirm it."""

    says = "Hinterlegte Handynummer prüfen und bestätigen"


class RequestTan(Action):
    says = "smsTAN anfordern"


class EnterTan(Action):
    """Type the TAN, or (`auto`) let the device hand it over. `from-flash` is read off a message that is not stored."""

    says = "smsTAN eingeben: {code}"
    code: str = "from-sms"


class AcceptTerms(Action):
    says = "Datenschutz- und Nutzungsbedingungen der {app}: zugestimmt {accept}"
    app: App = "barmer"
    accept: bool = True


class RequestLetter(Action):
    says = "Aktivierungscode per Post anfordern"


class EnterActivationCode(Action):
    says = "Aktivierungscode eingeben: {code}"
    code: str = "from-letter"


# -- the identity: digital ----------------------------------------------------------------------------------------


class FollowIdentLink(Action):
    """Follow the link to the ident provider in the eCare app."""

    says = "Link zum Ident-Anbieter in der eCare-App öffnen"


class EnterCardDigits(Action):
    says = "Letzte Ziffern der Kartenkennnummer eingeben: {digits}"
    where = WORLD
    digits: str = "own"


class OpenIdentApp(Action):
    says = "App des Ident-Anbieters installieren und öffnen"
    where = WORLD


class AcceptIdentTerms(Action):
    says = "Bedingungen des Ident-Anbieters: zugestimmt {accept}"
    where = WORLD
    accept: bool = True


class FilmDocument(Action):
    """Film one side of an identity document. `whose` is the person it belongs to; by default who must show one."""

    says = "{document} filmen: {side} ({whose})"
    where = WORLD
    side: Side
    document: DocumentWord = "identity_card"
    whose: Literal["entitled", "person", "guardian", "stranger"] = "entitled"


class ReadWords(Action):
    """Read the shown words aloud into the camera. `face` is who is seen."""

    says = "Angezeigte Begriffe vorlesen: {words}"
    where = WORLD
    words: str = "shown"
    face: Literal["entitled", "person", "guardian", "stranger"] = "entitled"


class FilmCard(Action):
    says = "Gesundheitskarte filmen: {side} ({whose})"
    where = WORLD
    side: Side
    whose: Who = "person"


class LeaveIdentApp(Action):
    says = "App des Ident-Anbieters verlassen"
    where = WORLD


# -- the identity: branch -----------------------------------------------------------------------------------------


class BookAppointment(Action):
    says = "Termin in der Geschäftsstelle vereinbaren"


class VisitBranch(Action):
    """Go to a branch now, with the newest appointment if there is one, and show card and document to the clerk.

    The visitor is whoever's document is shown; without one it is whoever must show theirs.
    """

    says = "Geschäftsstelle besuchen ({purpose}) mit {document} ({whose}) und Gesundheitskarte ({card})"
    where = WORLD
    purpose: Literal["verify", "create_record"] = "verify"
    document: Literal["identity_card", "passport", "none"] = "identity_card"
    whose: Literal["entitled", "person", "guardian", "stranger"] = "entitled"
    card: Literal["person", "guardian", "stranger", "none"] = "person"


# -- eCare: the device and the setup ------------------------------------------------------------------------------


class CreateReleaseCode(Action):
    says = "Freischaltcode in der Barmer-App erstellen"


class EnterReleaseCode(Action):
    says = "Freischaltcode in der eCare-App eingeben: {code}"
    code: str = "from-app"


class StartSetup(Action):
    says = "„eCare einrichten“ antippen"


class AcceptDataTransfer(Action):
    says = "Übertragung persönlicher Daten: zugestimmt {accept}"
    accept: bool = True


class ConfirmSummary(Action):
    says = "Zusammenfassung bestätigen"


class MovePhone(Action):
    """Move the phone until the bar is full. A rehearsed movement is the very same on every phone and each time."""

    says = "Handy bewegen ({vigour}, {movement}, {seconds} s)"
    seconds: float = Field(10.0, ge=0, le=600)
    vigour: Literal["none", "little", "full"] = "full"
    movement: Literal["free", "rehearsed"] = "free"


class SaveRecoveryKey(Action):
    says = "Schlüssel speichern: {to}"
    to: Literal["memory_card", "other_device", "this_device"] = "memory_card"


class ConfirmKeySaved(Action):
    says = "Bestätigen, dass der Schlüssel gespeichert ist"


class ChooseLogin(Action):
    says = "Anmeldeweg wählen: {method}"
    method: Login = "account"


class ConfirmSecurityNotes(Action):
    says = "Sicherheitshinweise bestätigen"


class CheckEmail(Action):
    """Check the shown e-mail address in the setup and confirm it; a new mail with a link is sent."""

    says = "E-Mail-Adresse prüfen und bestätigen"


class ConfirmDevice(Action):
    says = "Nutzung der eCare auf diesem Gerät bestätigen"


class RestoreData(Action):
    """On a new device: restore the data with the saved recovery key."""

    says = "Daten mit dem Schlüssel wiederherstellen: {key}"
    key: str = "saved"


# -- the record in use --------------------------------------------------------------------------------------------


class LogInWithCard(Action):
    """Hold a card to the device and give CAN and PIN. `at` are the places the hand tries, one after another."""

    says = "Mit Gesundheitskarte anmelden (CAN {can}, PIN {pin}, gehalten: {at})"
    can: str = "own"
    pin: str = "from-letter"
    card: Literal["person", "guardian", "stranger", "expired", "revoked", "foreign", "copied"] = "person"
    at: tuple[Place, ...] = ("top", "middle", "bottom")


class ViewRecord(Action):
    says = "Dokumente in der eCare ansehen"


class AddDocument(Action):
    says = "Dokument in die eCare einstellen"


class OrderCard(Action):
    says = "Neue, NFC-fähige Gesundheitskarte anfordern"


class TakeNewCard(Action):
    """Use the card that came by post from now on."""

    says = "Neue Gesundheitskarte aus dem Brief nehmen"
    where = WORLD


class RequestPin(Action):
    """Ask for the card's PIN in the app."""

    says = "PIN zur Gesundheitskarte anfordern"


class AuthorisePractice(Action):
    """In a practice: insert the card, type the PIN, authorise the physician."""

    says = "In der Praxis: Arzt mit Karte und PIN berechtigen ({pin})"
    pin: str = "from-letter"


class PhysicianCreatesRecord(Action):
    says = "Arzt versucht, eine eCare anzulegen"


class ChangeUserName(Action):
    says = "Benutzernamen ändern in {user_name}"
    user_name: str = "neuer.name"


def _actions(base: type[Action]) -> dict[str, type[Action]]:
    return {cls.verb: cls for cls in base.__subclasses__()}


ACTIONS: dict[str, type[Action]] = _actions(Action)
