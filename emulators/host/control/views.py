"""What lies in somebody's phone, mailbox and letterbox.

A world is locked while it is looked up what there is, and not while it is read, scanned or drawn.
"""

from __future__ import annotations

from copy import copy
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from .models import LetterShown, MailShown, SmsShown
from .problems import Missing, answers
from .worlds import TheWorld, the_person

router = APIRouter()

_ANSWERS = answers(401, 403, 404, 422)
Role = Annotated[str, Path(description="a role of the world's people", examples=["person"])]


@router.get("/worlds/{name}/people/{role}/sms", tags=["inboxes"], responses=_ANSWERS)
def read_sms(hosted: TheWorld, role: Role) -> list[SmsShown]:
    """The text messages on somebody's phone, the oldest first, and the codes a person reads in them."""
    with hosted.world.physics.lock:
        handset = hosted.world.sms.handset(the_person(hosted, role).mobile)
        return [
            SmsShown(sid=m.sid, sender=m.sender, body=m.body, received_at=m.received_at, codes=list(m.codes))
            for m in handset.inbox
        ]


@router.get("/worlds/{name}/people/{role}/mail", tags=["inboxes"], responses=_ANSWERS)
def read_mail(hosted: TheWorld, role: Role) -> list[MailShown]:
    """The mails in somebody's mailbox, spam included, the oldest first."""
    with hosted.world.physics.lock:
        messages = tuple(hosted.world.mail.mailbox(the_person(hosted, role).email).messages)
    return [
        MailShown(
            id=m.id,
            folder=m.folder,
            sender=m.sender,
            subject=m.subject,
            received_at=m.received_at,
            text=m.text,
            links=list(m.links),
            visible_links=list(m.visible_links),
        )
        for m in messages
    ]


@router.get("/worlds/{name}/people/{role}/letters", tags=["inboxes"], responses=_ANSWERS)
def read_letters(hosted: TheWorld, role: Role) -> list[LetterShown]:
    """The letters that somebody found, the oldest first: the text of each page, and what its QR codes say."""
    with hosted.world.physics.lock:
        letters = [copy(letter) for letter in hosted.world.post.letters_at(the_person(hosted, role).address)]
    return [
        LetterShown(
            letter_id=letter.letter_id,
            reference=letter.reference,
            delivered_at=letter.delivered_at,
            opened=letter.opened,
            pages=list(letter.pages),
            codes=list(letter.codes),
        )
        for letter in letters
    ]


@router.get(
    "/worlds/{name}/people/{role}/letters/{letter_id}/{page}.png",
    tags=["inboxes"],
    response_class=Response,
    responses={200: {"content": {"image/png": {"schema": {"type": "string", "format": "binary"}}}}, **_ANSWERS},
)
def picture_of_letter(
    hosted: TheWorld,
    role: Role,
    letter_id: str,
    page: Annotated[int, Path(ge=1, le=1000, description="counted from 1")],
    overlay: Annotated[bool, Query(description="with the window and the zones of DIN 5008")] = False,
) -> Response:
    """A page of a letter as it looks in the hand."""
    with hosted.world.physics.lock:
        found = hosted.world.post.letters_at(the_person(hosted, role).address)
        letter = next((copy(each) for each in found if each.letter_id == letter_id), None)
    if letter is None:
        raise Missing(f"'{role}' has no letter '{letter_id}'; there: {', '.join(e.letter_id for e in found) or 'none'}")
    try:
        picture = letter.preview(page, overlay=overlay)
    except IndexError as error:
        raise Missing(str(error)) from error
    return Response(picture, media_type="image/png")
