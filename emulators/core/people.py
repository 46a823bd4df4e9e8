"""The insured people of a world: fictitious, complete, and the same for the same seed. TEST ONLY.

A person follows from the seed, the name of the persona and the role, whoever else was asked for before. Only
mobile numbers, of which fiction has 210, need care: each of the first 80 personas and its guardian has a number of its
own; everyone else takes the next one free in this world, out of 50.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from .numbers import PHONE_NUMBERS, TEST_INSURER, make_can, make_iccsn, make_kvnr, make_pin, make_puk
from .people_names import NameStyle, ascii_name, declined, draw_names
from .people_places import draw_address
from .person import Address, CardData, DocumentKind, IdentityDocument, Person, birthday
from .personas import AGES, PERSONAS, Documents, Kind, Persona, load_personas

__all__ = ["PERSONAS", "Documents", "Kind", "NameStyle", "People", "Persona", "UnknownPersona", "load_personas"]

MAIL_DOMAIN = "post.example"

_OWN_NUMBER = 80  # personas with a mobile number of their own; so have their guardians
_MOBILES = PHONE_NUMBERS.mobiles


class UnknownPersona(LookupError):
    """No persona has that name; the text lists the known ones and the nearest."""


@dataclass(frozen=True, slots=True)
class _Who:
    """What a person is drawn from, besides the seed."""

    persona: str
    role: str
    guardian: bool = False

    def __str__(self) -> str:
        return f"{self.persona}/{self.role}" + ("/guardian" if self.guardian else "")


class People:
    """The people of one world. `today` is its first day: ages and validity are counted from it."""

    def __init__(
        self,
        seed: int,
        today: date,
        personas: Mapping[str, Persona] = PERSONAS,
        mail_domain: str = MAIL_DOMAIN,
    ) -> None:
        self.seed = seed
        self.today = today
        self.personas = personas
        self.mail_domain = mail_domain
        self._known: dict[tuple[_Who, Persona], Person] = {}
        self._taken: dict[str, str] = {}

    def named(self, persona: str, role: str = "person") -> Person:
        """The person who plays `role` as that persona. Raises `UnknownPersona`."""
        if persona not in self.personas:
            near = difflib.get_close_matches(persona, self.personas, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            raise UnknownPersona(f"no persona '{persona}'; known: {', '.join(self.personas)}{hint}")
        return self._person(_Who(persona, role), self.personas[persona])

    def adult(self, *, name: NameStyle | str | None = None, role: str = "person") -> Person:
        """Someone of 18 or older; raises `ValueError` for an unknown style of name."""
        return self._of_kind(Kind.ADULT, name, role)

    def teen(self, *, name: NameStyle | str | None = None, role: str = "person") -> Person:
        """Someone of 15 to 17, who acts alone."""
        return self._of_kind(Kind.TEEN, name, role)

    def child(self, *, name: NameStyle | str | None = None, role: str = "person") -> Person:
        """Someone under 15, with the guardian through whom the child is insured and with whom it lives."""
        return self._of_kind(Kind.CHILD, name, role)

    def born(self, age: int, days: int = 0, *, role: str = "person") -> Person:
        """Someone who completes `age` years `days` from today: 0 today, 1 tomorrow, -1 yesterday.

        Raises `ValueError` if nobody can: no birthday falls on 29 February unless the year of birth has one.
        """
        years = age - 1 if days > 0 else age
        kind = next((kind for kind, ages in AGES.items() if years in ages), None)
        if kind is None:
            raise ValueError(f"nobody is {years} years old")
        return self._person(_Who(f"born {age} {days:+}", role), Persona(kind=kind, age=age, birthday=days))

    def _of_kind(self, kind: Kind, name: NameStyle | str | None, role: str) -> Person:
        style = None if name is None else NameStyle(name)
        if style is None and kind in self.personas:
            return self.named(kind, role)
        label = f"{kind} {style or 'any'}"
        return self._person(_Who(label, role), Persona(kind=kind, name=style))

    def _person(self, who: _Who, persona: Persona) -> Person:
        key = who, persona
        if key not in self._known:
            self._known[key] = self._draw(who, persona)
        return self._known[key]

    def _draw(
        self, who: _Who, persona: Persona, *, family_name: str | None = None, address: Address | None = None
    ) -> Person:
        random = Random(f"{self.seed}/people/{who}")
        sex = persona.sex or random.choices("MWDX", (49, 49, 1, 1))[0]
        names = draw_names(random, sex, persona.name, adult=persona.kind is Kind.ADULT)
        if persona.kind is not Kind.ADULT:
            names = replace(names, birth_name="")
        if family_name is not None:
            names = replace(names, family_name=declined(family_name, sex), birth_name="")
        born = self._birth_date(random, persona)
        address = address or draw_address(random, persona.land)
        kvnr = make_kvnr(random)
        login = f"{ascii_name(names.given_names.split()[0])}.{ascii_name(names.family_name)}.{kvnr[5:]}"
        person = Person(
            title=names.title,
            given_names=names.given_names,
            family_name=names.family_name,
            birth_name=names.birth_name,
            birth_date=born,
            sex=sex,
            kvnr=kvnr,
            ik=TEST_INSURER,
            address=address,
            email=f"{login}@{self.mail_domain}",
            mobile=self._mobile(who),
            user_name=login,
            password=_password(random),
            card=_card(random, persona.nfc),
            documents=(),
        )
        person = replace(person, documents=self._documents(random, person, persona))
        return person if persona.kind is not Kind.CHILD else self._with_guardian(random, who, persona, person)

    def _with_guardian(self, random: Random, who: _Who, persona: Persona, child: Person) -> Person:
        years = child.age_on(self.today) + random.randint(20, 40)
        adult = Persona(age=years, document=persona.document, document_ends=persona.document_ends)
        same_name = child.family_name if random.random() < 2 / 3 else None
        guardian = self._draw(replace(who, guardian=True), adult, family_name=same_name, address=child.address)
        return replace(child, guardian=guardian)

    def _birth_date(self, random: Random, persona: Persona) -> date:
        if persona.age is not None and persona.birthday is not None:
            target = self.today + timedelta(days=persona.birthday)
            born = _years_before(target, persona.age)
            if birthday(born, target.year) != target:
                raise ValueError(f"nobody completes {persona.age} years on {target}")
            return born
        ages = AGES[persona.kind]
        # Few live to 120; a newborn has hardly a card yet.
        age = persona.age if persona.age is not None else random.randint(max(ages.start, 1), min(ages.stop - 1, 90))
        return _years_before(self.today, age) - timedelta(days=random.randrange(364))

    def _documents(self, random: Random, person: Person, persona: Persona) -> tuple[IdentityDocument, ...]:
        def document(kind: DocumentKind) -> IdentityDocument:
            issued = max(self.today - timedelta(days=random.randint(30, 3 * 365)), person.birth_date)
            # Ten years, six for those under 24 on the day of issue (§ 6 PAuswG, § 5 PassG).
            years = 6 if person.age_on(issued) < 24 else 10
            return IdentityDocument(
                kind=kind,
                number=_document_number(random, kind),
                given_names=person.given_names,
                family_name=person.family_name,
                birth_date=person.birth_date,
                valid_until=self._last_day(persona) or _years_before(issued, -years) - timedelta(days=1),
                damaged=persona.document is Documents.DAMAGED,
            )

        return tuple(document(kind) for kind in DocumentKind)

    def _last_day(self, persona: Persona) -> date | None:
        """The documents' last day, if the persona says one."""
        ends = {Documents.EXPIRED: -1, Documents.EXPIRES_TODAY: 0}.get(persona.document, persona.document_ends)
        return None if ends is None else self.today + timedelta(days=ends)

    def _mobile(self, who: _Who) -> str:
        """A number nobody else in this world has; raises `LookupError` once fiction has run out of them."""
        label, size = str(who), len(_MOBILES)
        turn = Random(f"{self.seed}/mobile").randrange(size)
        index = list(self.personas).index(who.persona) if who.persona in self.personas else _OWN_NUMBER
        if index < _OWN_NUMBER and who.role == "person":
            return _MOBILES[(turn + 2 * index + who.guardian) % size]
        free = size - 2 * _OWN_NUMBER
        first = Random(f"{self.seed}/mobile/{label}").randrange(free)
        for step in range(free):
            number = _MOBILES[(turn + 2 * _OWN_NUMBER + (first + step) % free) % size]
            if self._taken.setdefault(number, label) == label:
                return number
        raise LookupError(f"no mobile number for fiction is left for {label}; {free} extra people have one")


def _years_before(day: date, years: int) -> date:
    """The same day `years` earlier; 28 February where that year has no 29th."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def _password(random: Random) -> str:
    """Lower, upper, digits and a special character, 13 in all: keeps the policy of NEW-04."""
    letters = "".join(random.choices("abcdefghijkmnpqrstuvwxyz", k=6))
    return f"{random.choice('ABCDEFGHJKLMNPQRSTUVWXYZ')}{letters}-{random.randrange(10**4):04}{random.choice('!?+#%')}"


def _card(random: Random, nfc: bool) -> CardData:
    # All numbers are drawn in any case, so a card without NFC is the same card but for its CAN.
    iccsn, can = make_iccsn(random.randrange(10**10)), make_can(random)
    return CardData(iccsn=iccsn, can=can if nfc else "", pin=make_pin(random), puk=make_puk(random), nfc=nfc)


# Serial numbers of German documents use no vowels and no B, D, Q, S; the first letter tells the kind of office.
_FIRST = {DocumentKind.IDENTITY_CARD: "LMNPRTVWXY", DocumentKind.PASSPORT: "CFGHJK"}
_FURTHER = "0123456789CFGHJKLMNPRTVWXYZ"


def _document_number(random: Random, kind: DocumentKind) -> str:
    return random.choice(_FIRST[kind]) + "".join(random.choices(_FURTHER, k=8))
