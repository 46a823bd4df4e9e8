"""Every mistake in a scenario file is told with its place and what would be right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import BenchError
from harness.scenario.load import load, twice
from harness.scenario.matrix import Family
from harness.scenario.problems import ScenarioError
from harness.scenario.steps import Place

HEAD = "id: PST-06-lost\ntitle: A lost letter\nrequirements: [PST-06]\n"
STEPS = "steps:\n  - register: {}\n"

Read = Callable[[str], Family]
Wrong = Callable[[str], list[str]]

# The step -> how what is said about it must begin, and what it must offer.
STEP_MISTAKES = (
    ("regster: {}", "some.yaml:5: no action 'regster'; known: install_app, ", "did you mean 'register'?"),
    ("fault: {post: stolen}", "some.yaml:5: fault 'stolen' is not known to 'post'; known: lost, late, ", "damaged"),
    ("fault: {pst: lost}", "some.yaml:5: no emulator 'pst'; known: sms, mail, post, ", "did you mean 'post'?"),
    ("fault: {post: {late: {weeks: 5}}}", "some.yaml:5: fault 'late' of 'post' has no field 'weeks'; ", "workdays"),
    ("fault: {post: {late: {workdays: soon}}}", "some.yaml:5: 'workdays' of fault 'late' of 'post' ", "integer"),
    (
        "fault: {sms: {late: {minutes: 5, until: '18:00'}}}",
        "some.yaml:5: fault 'late' of 'sms' ",
        "say in one way how late: minutes, median_minutes with sigma, or until; not minutes and until",
    ),
    ("fault: {sms: {late: {until: 18:00}}}", "some.yaml:5: 'until' of fault 'late' of 'sms' must be text", "quotation"),
    ("fault: {post: {lost: {nth: 0}}}", "some.yaml:5: 'nth' counts events from 1", "0"),
    ("fault: {post: {lost: {times: no}}}", "some.yaml:5: 'times' counts events from 1", "'no'"),
    ("fault: {post: lost, sms: lost}", "some.yaml:5: 'fault' takes one emulator", "{post: lost}"),
    ("fault: lost", "some.yaml:5: 'fault' takes one emulator", "not 'lost'"),
    ("register: {kvnrr: x}", "some.yaml:5: 'register' has no field 'kvnrr'; known: ", "did you mean 'kvnr'?"),
    ("open_app: {}", "some.yaml:5: 'open_app' needs the field 'app'", ""),
    ("open_app: {app: nect}", "some.yaml:5: 'app' of 'open_app' cannot be 'nect'; allowed: ", "'barmer' or 'ecare'"),
    ("enter_tan: {code: 123456}", "some.yaml:5: 'code' of 'enter_tan' must be text, not 123456", "quotation marks"),
    (
        "move_phone: {seconds: -1}",
        "some.yaml:5: 'seconds' of 'move_phone' cannot be -1: ",
        "greater than or equal to 0",
    ),
    ("register: own", "some.yaml:5: 'register' takes a mapping of fields, not 'own'", "known: by, on, given_names"),
    ("request_letter", "some.yaml:5: a step is a mapping such as '- request_letter: {}'", ""),
    ("{register: {}, request_letter: {}}", "some.yaml:5: a step has one verb", "register and request_letter"),
    ("{register: {}, refused: 5}", "some.yaml:5: 'refused' takes a reason", "not 5"),
    ("{register: {}, refused: []}", "some.yaml:5: 'refused' takes a reason", "a list"),
    ("{register: {}, refused: [a, 5]}", "some.yaml:5: 'refused' takes a reason", "a list"),
    (
        "{enter_tan: {}, refused: tan_wrng}",
        "some.yaml:5: 'enter_tan' is never refused with 'tan_wrng'; known: app_missing, ",
        "did you mean 'tan_wrong'?",
    ),
    (
        "{enter_tan: {}, refused: [no_tan, code_wrong]}",
        "some.yaml:5: 'enter_tan' is never refused with 'code_wrong'",
        "tan_expired",
    ),
    ("{register: {}, accepted: 5}", "some.yaml:5: 'accepted' takes a list of notes", "not 5"),
    ("{register: {}, refused: a, accepted: [b]}", "some.yaml:5: 'register' cannot be both", "refused and accepted"),
    ("wait: release", "some.yaml:5: 'wait' takes a mapping of fields, not 'release'", "workdays"),
    ("{wait: {days: 1}, refused: a}", "some.yaml:5: 'refused' and 'accepted' are said of actions", "'wait'"),
    ("wait: {}", "some.yaml:5: 'wait' needs some time", "known: workdays, days, hours, minutes, seconds, release_due"),
    ("wait: {days: .inf}", "some.yaml:5: 'wait' is for 100 years at most", ""),
    ("wait: {hours: 1e300}", "some.yaml:5: 'wait' is for 100 years at most", ""),
    ("wait: {workdays: 99999999999999}", "some.yaml:5: 'wait' is for 100 years at most", ""),
    ("wait: {minutes: .nan}", "some.yaml:5:", "'wait'"),
    ("wait: {workdays: 1.5}", "some.yaml:5: 'workdays' of 'wait' cannot be 1.5", "integer"),
    ("wait: {weeks: 1}", "some.yaml:5: 'wait' has no field 'weeks'", "known: workdays, days"),
    ("until: tomorrow", "some.yaml:5: 'until': 'tomorrow' is not a moment such as '2021-04-06 09:00'", ""),
    ("phone: {nfc: false}", "some.yaml:5: 'phone' has no field 'nfc'; known: nfc_on, lock, ", "did you mean 'nfc_on'?"),
    ("phone: {on: second}", "some.yaml:5: 'phone' needs a setting", "known: nfc_on"),
    ("phone: {lock: false, on: third}", "some.yaml:5: 'on' of 'phone' cannot be 'third'", "'first', 'second'"),
    (
        "expect: {acount: active}",
        "some.yaml:5: no field to expect 'acount'; known: account, ",
        "did you mean 'account'?",
    ),
    ("expect: {account: actve}", "some.yaml:5: 'account' cannot be expected to be 'actve'", "none, pending, active"),
    (
        "expect: {messages: [relased]}",
        "some.yaml:5: no word in 'messages' 'relased'; known: released",
        "did you mean 'released'?",
    ),
    ("expect: {login_offers: [account, cards]}", "some.yaml:5: no word in 'login_offers' 'cards'", "account, card"),
    ("expect: {messages: released}", "some.yaml:5: 'messages' cannot be expected to be 'released'", "a list of words"),
    ("expect: {letterbox: full}", "some.yaml:5: 'letterbox' cannot be expected to be 'full'", "empty, a number"),
    ("expect: {devices: true}", "some.yaml:5: 'devices' cannot be expected to be true", "a number"),
    ("expect: {}", "some.yaml:5: 'expect' needs a field", "known: account"),
    ("install_app: {app: barmer, by: guardian}", "some.yaml:5: nobody plays 'guardian': 'adult' is no child", ""),
    ("expect: {by: guardian, account: none}", "some.yaml:5: nobody plays 'guardian'", ""),
    ("film_document: {side: front, whose: guardian}", "some.yaml:5: nobody plays 'guardian'", ""),
    ("register: {kvnr: guardian}", "some.yaml:5: nobody plays 'guardian'", ""),
    ("phone: {lock: false, on: second}", "some.yaml:5: there is no second device", "second_device: pixel-6"),
    ("open_app: {app: barmer, on: second}", "some.yaml:5: there is no second device", "second_device: pixel-6"),
    ("remove_device: {device: second}", "some.yaml:5: there is no second device", ""),
    ("path: onbord", "some.yaml:5: no path 'onbord'; known: ", "did you mean 'onboard'?"),
    ("path: {login: card}", "some.yaml:5: 'path' needs the name of a path", "onboard"),
    (
        "path: {name: account_active, person: child}",
        "some.yaml:5: the path 'account_active' does not depend on 'person'; known: account, tan, unlock",
        "",
    ),
    (
        "path: {name: set_up, device_class: ipad}",
        "some.yaml:5: the path 'set_up' does not depend on 'device_class'; known: ",
        "login",
    ),
    ("path: {name: registered, identity: branch}", "some.yaml:5: the path 'registered' does not ", "it has no choices"),
    ("path: {name: set_up, lgin: card}", "some.yaml:5: the path 'set_up' does not depend on 'lgin'", "mean 'login'?"),
    ("path: {name: onboard, login: face}", "some.yaml:5: no value of 'login' 'face'; known: account, card", ""),
)


@pytest.mark.parametrize(("step", "begins", "offers"), STEP_MISTAKES, ids=[step for step, *_ in STEP_MISTAKES])
def test_a_mistake_in_a_step_is_told_with_its_line_and_a_remedy(
    wrong_step: Callable[[str], str], step: str, begins: str, offers: str
) -> None:
    said = wrong_step(step)
    assert said.startswith(begins), said
    assert offers in said


# The file -> what is said about it.
FILE_MISTAKES = {
    HEAD + "persn: adult\n" + STEPS: "some.yaml:4: a scenario has no field 'persn'; known: id, ",
    HEAD + "person: adlut\n" + STEPS: "some.yaml:4: no persona 'adlut'; known: adult, ",
    HEAD + "person: [adult,\n  adlut]\n" + STEPS: "some.yaml:5: no persona 'adlut'; known: adult, ",
    HEAD + "person: [adult, adult]\n" + STEPS: "some.yaml:4: 'adult' is listed twice in 'person'",
    HEAD + "device: pixel-66\n" + STEPS: "some.yaml:4: no device 'pixel-66'; known: android_phone_nfc, ",
    HEAD + "second_device: brick\n" + STEPS: "some.yaml:4: no device 'brick'; known: ",
    HEAD + "land: XX\n" + STEPS: "some.yaml:4: no Land 'XX'; known: BW, BY, ",
    HEAD + "severity: bad\n" + STEPS: "some.yaml:4: 'severity' of a scenario cannot be 'bad'; allowed: ",
    HEAD + "tags: [skip]\n" + STEPS: "some.yaml:4: 'skip' cannot be a tag: pytest would act on it",
    HEAD + "start: soon\n" + STEPS: "some.yaml:4: 'start': 'soon' is not a moment such as ",
    HEAD + "profile: {tan_digit: 8}\n" + STEPS: "some.yaml:4: the profile has no field 'tan_digit'; known: name, ",
    HEAD + "profile:\n  tan_digits: many\n" + STEPS: "some.yaml:5: 'tan_digits' of the profile cannot be 'many'",
    HEAD
    + "profile: {tan_digits: 0}\n"
    + STEPS: "some.yaml:4: 'tan_digits' of the profile cannot be 0: input should be ",
    HEAD + "profile: {tan_minutes: -5}\n" + STEPS: "some.yaml:4: 'tan_minutes' of the profile cannot be -5: input ",
    HEAD + "profile: {release_workdays: 0}\n" + STEPS: "some.yaml:4: 'release_workdays' of the profile cannot be 0: ",
    HEAD + "person: [child, teen]\nsteps:\n  - expect: {by: guardian, account: none}\n": (
        "some.yaml:6: nobody plays 'guardian': 'teen' is no child"
    ),
    HEAD + "second_device: pixel-6\nsteps:\n  - open_app: {app: barmer, by: stranger, on: second}\n": (
        "some.yaml:6: 'stranger' has one device only"
    ),
    HEAD + "cover: all\n" + STEPS: "some.yaml:1: 'cover' and 'only_if' are for files with 'choices'",
    HEAD: "some.yaml:1: exactly one of 'steps' and 'path' is needed",
    HEAD + STEPS + "path: onboard\n": "some.yaml:1: exactly one of 'steps' and 'path' is needed",
    HEAD + "steps: []\n": "some.yaml:4: 'steps' of a scenario cannot be a list: list should have at least 1 item",
    HEAD + "choices: {logn: [card]}\npath: onboard\n": "some.yaml:4: no choice 'logn'; known: account, ",
    HEAD + "choices: {login: [crd]}\npath: onboard\n": "some.yaml:4: no value of 'login' 'crd'; known: account, card",
    HEAD + "choices:\n  login: [card, account]\npath: account_active\n": (
        "some.yaml:5: no path in this file depends on the choice 'login'"
    ),
    HEAD + "device: ipad\nchoices: {device_class: [ipad]}\npath: onboard\n": "some.yaml:1: 'device_class' among the ",
    HEAD + "person: teen\nchoices: {person: [adult]}\npath: onboard\n": "some.yaml:1: 'person' is given twice",
    HEAD + "choices: {login: [card]}\nonly_if: [cheap]\npath: onboard\n": "some.yaml:5: no constraint 'cheap'; known: ",
    HEAD + "choices: {tan: [auto]}\nonly_if:\n - tan-auto-needs-sms-device\npath: onboard\n": (
        "some.yaml:6: the constraint 'tan-auto-needs-sms-device' needs a choice of device_class"
    ),
    HEAD + "choices: {tan: [auto], device_class: [ipad]}\nonly_if: [tan-auto-needs-sms-device]\npath: onboard\n": (
        "some.yaml:5: no row is left: the constraints exclude every combination of the choices"
    ),
    "title: x\nrequirements: [PST-06]\n" + STEPS: "some.yaml:1: a scenario needs the field 'id'",
    "id: a b\ntitle: x\nrequirements: [PST-06]\n" + STEPS: "some.yaml:1: 'id' of a scenario cannot be 'a b': ",
    "id: x\ntitle: x\nrequirements: [PST-6]\n" + STEPS: "some.yaml:3: no requirement 'PST-6'; known: DEV-01, ",
    "id: x\nid: y\n": "some.yaml:2: the key 'id' is given twice",
    "id: &x y\ntitle: *x\n": "some.yaml:1: aliases (&name, *name) are not allowed: write it out",
    "id: x\na: &l [1]\nb: *l\n": "some.yaml:2: aliases (&name, *name) are not allowed: write it out",
    "id: x\n5: y\n": "some.yaml:2: a key must be text; put it in quotation marks",
    "- id: x\n": "some.yaml:1: a scenario file is a mapping (id, title, …), this one is a list",
    "just text\n": "some.yaml:1: a scenario file is a mapping (id, title, …), this one is a single value",
    "": "some.yaml:1: a scenario file is a mapping (id, title, …), this one is empty",
    "id: x\n  title: [\n": "some.yaml:2: not YAML: ",
    "id: x\n\ttitle: y\n": "some.yaml:2: not YAML: ",
}


@pytest.mark.parametrize(("text", "begins"), FILE_MISTAKES.items())
def test_a_mistake_in_a_file_is_told_with_its_line_and_a_remedy(wrong: Wrong, text: str, begins: str) -> None:
    said = wrong(text)
    assert any(line.startswith(begins) for line in said), said


def test_all_mistakes_of_a_file_are_told_together_in_order(wrong: Wrong) -> None:
    said = wrong(
        "id: x\ntitle: y\nrequirements: [PST-06]\nperson: adlut\nsteps:\n"
        "  - regster: {}\n  - fault: {post: stolen}\n  - expect: {account: x, email: y}\n"
    )
    assert [line.split(": ")[0] for line in said] == [f"some.yaml:{line}" for line in (4, 6, 7, 8, 8)]


def test_mistakes_in_steps_are_told_even_if_the_top_level_is_wrong(wrong: Wrong) -> None:
    said = wrong(HEAD + "persn: adult\nsteps:\n  - regster: {}\n")
    assert [line.split(": ")[0] for line in said] == ["some.yaml:4", "some.yaml:6"]


def test_a_file_that_is_not_utf_8_is_told_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes("id: x\ntitle: für\n".encode("latin-1"))
    with pytest.raises(ScenarioError, match=r"latin\.yaml:2: not UTF-8: byte 0xFC"):
        load(file)


def test_a_file_nested_beyond_reading_is_told_so(tmp_path: Path) -> None:
    file = tmp_path / "deep.yaml"
    file.write_text(f"id: deep\nsteps: {'[' * 3000}{']' * 3000}\n")
    with pytest.raises(ScenarioError, match=r"deep\.yaml:1: not a scenario: nested hundreds of levels deep"):
        load(file)


def test_a_file_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"gone\.yaml:1: cannot be read"):
        load(tmp_path / "gone.yaml")


def test_personas_that_cannot_be_read_are_told_with_their_file(read: Read, tmp_path: Path) -> None:
    personas = tmp_path / "scenarios" / "personas.yaml"
    personas.parent.mkdir()
    personas.write_text("boss: {age: old}\n")
    with pytest.raises(BenchError, match=r"personas\.yaml: persona 'boss'"):
        read(HEAD + STEPS)


def test_an_id_that_another_file_has_is_told_with_the_other_place(read: Read) -> None:
    said = str(twice(read(HEAD + STEPS), Place(Path("other.yaml"), 3)))
    assert said == "some.yaml:1: id 'PST-06-lost' is taken already by other.yaml:3"
