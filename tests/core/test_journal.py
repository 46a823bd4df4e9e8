import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from emulators.core.clock import Clock
from emulators.core.journal import Cause, Entry, Journal


def test_entries_are_numbered_from_one_and_carry_the_virtual_time() -> None:
    clock = Clock()
    journal = Journal(clock)
    journal.write("post", "posted", letter=1)
    clock.advance(timedelta(hours=1))
    journal.write("post", "delivered", letter=1)
    assert [e.seq for e in journal.entries] == [1, 2]
    assert journal.entries[1].at.isoformat() == "2021-03-23T10:00:00+01:00"


def test_the_cause_in_force_is_written_and_ends_with_its_block() -> None:
    journal = Journal(Clock())
    with journal.because(Cause(step=4)):
        with journal.because(Cause(step=4, fault="post.lost")):
            journal.write("post", "lost")
        journal.write("post", "posted")
    journal.write("post", "closed")
    assert [(e.cause.step, e.cause.fault) for e in journal.entries] == [(4, "post.lost"), (4, None), (None, None)]


def test_the_cause_ends_also_when_its_block_fails() -> None:
    journal = Journal(Clock())
    with pytest.raises(KeyError), journal.because(Cause(step=1)):
        raise KeyError
    assert journal.cause == Cause()


def test_json_lines_keep_umlauts_and_write_bytes_as_hex() -> None:
    journal = Journal(Clock())
    with journal.because(Cause(step=2)):
        journal.write("card", "verify", apdu=b"\x00\x20", holder="Jörg Heß")
    assert journal.to_jsonl() == (
        '{"seq": 1, "at": "2021-03-23T09:00:00.000+01:00", "channel": "card", "event": "verify", "step": 2, '
        '"data": {"apdu": "0020", "holder": "Jörg Heß"}}\n'
    )


def test_a_set_is_written_in_an_order_that_does_not_depend_on_the_process() -> None:
    journal = Journal(Clock())
    journal.write("phone", "sensors", ready={"nfc", "face", "finger"})
    assert json.loads(journal.to_jsonl())["data"]["ready"] == "['face', 'finger', 'nfc']"


def test_a_listener_hears_what_is_written_from_then_on() -> None:
    journal, heard = Journal(Clock()), list[Entry]()
    journal.write("sms", "submitted")
    journal.listen(heard.append)
    journal.write("sms", "delivered")
    assert [e.event for e in heard] == ["delivered"]


def test_a_listener_that_has_ended_hears_nothing_more() -> None:
    journal, heard = Journal(Clock()), list[Entry]()
    end = journal.listen(heard.append)
    journal.write("sms", "submitted")
    end()
    journal.write("sms", "delivered")
    assert [e.event for e in heard] == ["submitted"]


def test_an_entry_of_a_kind_tells_when_and_why_it_was_noted_however_late_one_looks() -> None:
    clock = Clock()
    journal = Journal(clock)
    delivered = journal.kind("sms", "delivered", "sid", "to")
    with journal.because(Cause(step=2, fault="sms.late")):
        delivered("SM1", "+491713920000")
    clock.advance(timedelta(hours=1))
    journal.write("sms", "read", sid="SM1")
    delivered("SM2", "+491713920001")
    first, read, second = journal.entries
    assert first.at.isoformat() == "2021-03-23T09:00:00+01:00"
    assert first == (1, first.at, "sms", "delivered", {"sid": "SM1", "to": "+491713920000"}, (2, "sms.late"))
    assert (read.seq, second.seq, second.at, second.cause) == (2, 3, clock.now, Cause())


def test_entries_of_a_kind_are_heard_counted_and_written_as_all_others() -> None:
    noted, written, heard = Journal(Clock()), Journal(Clock()), list[Entry]()
    submitted = noted.kind("sms", "submitted", "sid", "from")
    submitted("SM1", "Kasse")
    noted.listen(heard.append)
    submitted("SM2", "Kasse")
    for sid in ("SM1", "SM2"):
        written.write("sms", "submitted", sid=sid, **{"from": "Kasse"})
    assert [e.data["sid"] for e in heard] == ["SM2"]
    assert len(noted) == 2
    assert noted.to_jsonl() == written.to_jsonl()


def test_an_event_of_a_kind_with_a_value_too_few_is_refused_and_told() -> None:
    journal = Journal(Clock())
    with pytest.raises(TypeError, match=r"sms delivered has the values sid, to; 1 were given"):
        journal.kind("sms", "delivered", "sid", "to")("SM1")
    assert len(journal) == 0


def test_a_journal_may_be_looked_at_by_one_thread_while_another_notes() -> None:
    journal = Journal(Clock())
    note, looks = journal.kind("sms", "delivered", "number"), 200
    with ThreadPoolExecutor() as threads:
        noting = threads.submit(lambda: [note(number) for number in range(50 * looks)])
        seen = [len([entry.seq for entry in journal.entries]) for _ in range(looks)]
        noting.result()
    assert seen == sorted(seen)
    assert [(e.seq, e.data["number"]) for e in journal.entries] == [(n + 1, n) for n in range(50 * looks)]


def test_one_kind_of_entry_and_the_latest_ones_can_be_asked_for() -> None:
    journal = Journal(Clock())
    for event in ("submitted", "delivered", "submitted"):
        journal.write("sms", event)
    assert [e.seq for e in journal.named("sms", "submitted")] == [1, 3]
    assert [e.seq for e in journal.since(2)] == [3]
    assert len(journal) == 3
