"""Worlds, the people in them and the faults that are armed there."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse

from emulators.core.clock import DEFAULT_START
from emulators.core.person import Person
from emulators.phone.catalogue import device

from ..endpoints import environment
from ..host import Host
from ..hosted import Hosted
from ..in_vain import never_strikes
from .models import (
    ArmedFault,
    EndpointsShown,
    FaultKind,
    FaultsShown,
    Health,
    NewFault,
    NewPerson,
    StrangerShown,
    WorldName,
    WorldShown,
)
from .new_world import NewWorld
from .problems import InVain, Missing, RoleTaken, answers

router = APIRouter()


async def the_host(request: Request) -> Host:  # as a coroutine it needs none of the few threads
    host: Host = request.app.state.host
    return host


TheHost = Annotated[Host, Depends(the_host)]


async def the_world(
    host: TheHost, name: Annotated[WorldName, Path(description="the world's name", examples=["main"])]
) -> Hosted:
    return host.get(name)


TheWorld = Annotated[Hosted, Depends(the_world)]


@router.get("/healthz", tags=["host"])
async def healthz(host: TheHost) -> Health:
    """Whether the host answers."""
    return Health(worlds=len(host))


@router.get("/endpoints", tags=["host"], responses=answers(401, 403))
async def endpoints(host: TheHost) -> EndpointsShown:
    """Where the doors are, and who called at them whom no world knows."""
    strangers = [StrangerShown(surface=s.surface, account=s.account) for s in tuple(host.strangers)]
    return EndpointsShown(doors=dict(host.addresses), worlds=len(host), strangers=strangers)


@router.get(
    "/mail-ca.pem",
    tags=["host"],
    response_class=PlainTextResponse,
    responses={200: {"content": {"application/x-pem-file": {"schema": {"type": "string"}}}}, **answers(401, 403)},
)
async def mail_ca(host: TheHost) -> Response:
    """The CA that a mail client has to trust for STARTTLS. TEST ONLY."""
    return Response(host.certificates.ca, media_type="application/x-pem-file")


@router.get("/worlds", tags=["worlds"], responses=answers(401, 403))
def list_worlds(host: TheHost) -> list[WorldShown]:
    """All worlds."""
    return [WorldShown.of(hosted) for hosted in host]


@router.post("/worlds", tags=["worlds"], status_code=201, responses=answers(400, 401, 403, 404, 409, 413, 422))
def create_world(host: TheHost, new: NewWorld, response: Response) -> WorldShown:
    """Make a world. 404 if `account_of` names none.

    409 if the name is taken, SMPP's rules are another world's, or a fault waits that strikes only behind doors of one
    world.
    """
    if new.account_of is not None and "smpp" in new.services.model_fields_set:
        raise InVain(f"services.smpp is set in '{new.account_of}': sessions bind to the world whose account it is")
    start = new.start or DEFAULT_START
    services = new.services.made()
    hosted = host.create(new.name, new.seed, start, land=new.land, account_of=new.account_of, services=services)
    response.headers["location"] = f"/worlds/{hosted.name}"
    return WorldShown.of(hosted)


@router.get("/worlds/{name}", tags=["worlds"], responses=answers(401, 403, 404, 422))
def show_world(hosted: TheWorld) -> WorldShown:
    """One world, its credentials and its clock."""
    return WorldShown.of(hosted)


@router.get("/worlds/{name}/env", tags=["worlds"], responses=answers(401, 403, 404, 422))
async def show_environment(host: TheHost, hosted: TheWorld) -> dict[str, str]:
    """Variables that point a system under test at this world. TEST ONLY."""
    return environment(host, hosted)


@router.delete("/worlds/{name}", tags=["worlds"], status_code=204, responses=answers(401, 403, 404, 422, 500))
def drop_world(host: TheHost, hosted: TheWorld) -> Response:
    """Drop a world; who waits in it is answered 410. 500 if its journal could not be written: then too it is gone."""
    host.drop(hosted.name)
    return Response(status_code=204)


@router.post(
    "/worlds/{name}/people", tags=["people"], status_code=201, responses=answers(400, 401, 403, 404, 409, 413, 422)
)
def settle_in(hosted: TheWorld, new: NewPerson) -> dict[str, Any]:
    """Let somebody live in the world, with letterbox, mailbox and SIM. TEST ONLY.

    404 for an unknown persona or device, 409 if the role is taken.
    """
    world = hosted.world
    with world.physics.lock:
        if new.role in world.people:
            raise RoleTaken(f"there is a '{new.role}' in the world '{hosted.name}' already")
        profile = None if new.device is None else device(new.device)
        world.settle_in(new.role, new.persona)
        if profile is not None:
            world.give_phone(new.role, "first", profile)
        return shown(world.people[new.role])


@router.get("/worlds/{name}/people", tags=["people"], responses=answers(401, 403, 404, 422))
def list_people(hosted: TheWorld) -> dict[str, dict[str, Any]]:
    """Who lives there, by role, with all that a person knows. TEST ONLY."""
    with hosted.world.physics.lock:
        return {role: shown(person) for role, person in hosted.world.people.items()}


@router.get("/worlds/{name}/people/{role}", tags=["people"], responses=answers(401, 403, 404, 422))
def show_person(hosted: TheWorld, role: str) -> dict[str, Any]:
    """One person."""
    return shown(the_person(hosted, role))


@router.get("/worlds/{name}/faults", tags=["faults"], responses=answers(401, 403, 404, 422))
def list_faults(
    hosted: TheWorld, emulator: Annotated[str | None, Query(description="only this emulator's")] = None
) -> FaultsShown:
    """Every kind of fault with its parameters, and those that are armed."""
    faults = hosted.world.faults
    with hosted.world.physics.lock:
        catalogue = {
            name: {
                kind: FaultKind(about=fault.about(), point=fault.point, parameters=fault.model_json_schema())
                for kind, fault in kinds.items()
            }
            for name, kinds in faults.known.items()
            if emulator in (None, name)
        }
        return FaultsShown(catalogue=catalogue, armed=[ArmedFault.of(armed) for armed in faults.unspent])


@router.post(
    "/worlds/{name}/faults", tags=["faults"], status_code=201, responses=answers(400, 401, 403, 404, 409, 413, 422)
)
def arm_fault(host: TheHost, hosted: TheWorld, new: NewFault) -> ArmedFault:
    """Arm a fault. 404 says which emulator or kind there is not and what there is, 422 which parameter does not fit.

    409 for one that would wait in vain: at a door that several worlds share, nobody knows yet whose connection it is.
    """
    known = hosted.world.faults.known
    if new.emulator not in known:
        raise Missing(f"no emulator '{new.emulator}'; known: {', '.join(sorted(known))}")
    if new.kind not in known[new.emulator]:
        raise Missing(f"no fault '{new.kind}' of '{new.emulator}'; known: {', '.join(known[new.emulator])}")
    if (why := never_strikes(len(host), new.emulator, new.kind, known[new.emulator][new.kind])) is not None:
        raise InVain(why)
    with hosted.world.physics.lock:
        return ArmedFault.of(
            hosted.world.faults.arm(new.emulator, new.kind, new.parameters, nth=new.nth, times=new.times)
        )


@router.delete("/worlds/{name}/faults", tags=["faults"], responses=answers(401, 403, 404, 422))
def disarm_faults(hosted: TheWorld) -> list[ArmedFault]:
    """Take back all faults that have not struck yet, and show them."""
    return [ArmedFault.of(armed) for armed in hosted.disarm()]


def the_person(hosted: Hosted, role: str) -> Person:
    """Raises `Missing`."""
    person = hosted.world.people.get(role)
    if person is None:
        known = ", ".join(hosted.world.people) or "nobody yet"
        raise Missing(f"no '{role}' in the world '{hosted.name}'; there: {known}")
    return person


def shown(person: Person) -> dict[str, Any]:
    return asdict(person)
