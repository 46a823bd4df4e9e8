"""What a submission says beside its text, and what of that no centre takes. Source: SMPP v3.4, 5.1.3 and 5.2."""

from __future__ import annotations

import pytest

from emulators.sms.smpp.bodies import DataSm, Destination, ReplaceSm, SubmitMulti, Tlv
from emulators.sms.smpp.codes import Command, Status, Tag
from emulators.sms.smpp.pdu import encode, encode_submit_multi
from tests.sms.smpp.peer import NUMBER, SENDER, Centre, Client, inbox, message, message_id

LATER = "000001000000000R"  # in a day


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        *(("priority_flag", value, Status.ROK) for value in range(4)),
        ("priority_flag", 4, Status.ROK),  # of SMPP 5.0
        *(("priority_flag", value, Status.RINVPRTFLG) for value in (5, 9, 255)),
        *(("registered_delivery", value, Status.ROK) for value in (0, 1, 2, 3, 4, 8, 16, 31)),
        *(("registered_delivery", value, Status.RINVREGDLVFLG) for value in (32, 64, 128, 33, 255)),
    ],
)
def test_flags_that_no_version_defines_are_refused(
    centre: Centre, client: Client, field: str, value: int, status: Status
) -> None:
    assert client.submit(b"x", **{field: value}).status == status
    client.deliveries()
    assert inbox(centre) == (["x"] if status == Status.ROK else [])
    assert [(each["status"], field in each["why"]) for each in centre.events("malformed")] == (
        [] if status == Status.ROK else [(status, True)]
    )


@pytest.mark.parametrize(
    ("service", "status"),
    [
        *((service, Status.ROK) for service in (b"", b"CMT", b"USSD", b"kasse")),
        *((service, Status.RINVSERTYP) for service in (b"kassen", b"toolongservice", b"x" * 300)),
    ],
)
def test_a_service_is_any_word_of_five_characters_at_most(client: Client, service: bytes, status: Status) -> None:
    (answer,) = client.ask(Command.SUBMIT_SM, service + encode(message()))
    assert answer.status == status


def test_other_ways_to_submit_are_held_to_the_same(client: Client) -> None:
    text = (Tlv(Tag.MESSAGE_PAYLOAD, b"x"),)
    data = DataSm("", 5, 0, SENDER, 1, 1, NUMBER, registered_delivery=0x80, tlvs=text)
    assert client.ask(Command.DATA_SM, encode(data))[0].status == Status.RINVREGDLVFLG
    multi = SubmitMulti((Destination(1, 1, 1, NUMBER),), message(destination_addr="", priority_flag=9))
    (answer,) = client.ask(Command.SUBMIT_MULTI, encode_submit_multi(multi))
    assert answer.status == Status.RINVPRTFLG


def test_a_replacement_with_a_wish_that_there_is_not_changes_nothing(centre: Centre, client: Client) -> None:
    taken = message_id(client.submit(b"first", schedule_delivery_time=LATER))
    new = ReplaceSm(taken, 5, 0, SENDER, registered_delivery=0x20, short_message=b"second")
    assert client.ask(Command.REPLACE_SM, encode(new))[0].status == Status.RINVREGDLVFLG
    assert len(client.deliveries(days=2)) == 1
    assert inbox(centre) == ["first"]
