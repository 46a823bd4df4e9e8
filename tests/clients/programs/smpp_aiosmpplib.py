"""aiosmpplib sends a long text as message_payload and waits for the receipt; prints what it saw as JSON."""

# The client library lives in another environment.
# mypy: ignore-errors

import asyncio
import json
import sys

from aiosmpplib import ESME, NPI, TON, AbstractHook, DeliverSm, PhoneNumber, SubmitSm, SubmitSmResp

given = json.loads(sys.argv[1])
seen = {"answers": [], "receipts": []}


class Hook(AbstractHook):
    def __init__(self):
        self.done = asyncio.Event()

    async def sending(self, smpp_message, pdu, client_id):
        pass

    async def received(self, smpp_message, pdu, client_id):
        if isinstance(smpp_message, SubmitSmResp):
            seen["answers"].append(smpp_message.message_id)
        if isinstance(smpp_message, DeliverSm) and smpp_message.is_receipt():
            seen["receipts"].append({key: str(value) for key, value in smpp_message.parse_receipt().items()})
            self.done.set()

    async def send_error(self, smpp_message, error, client_id):
        seen["error"] = str(error)
        self.done.set()


async def main():
    hook = Hook()
    esme = ESME(given["host"], given["port"], given["system_id"], given["password"], hook=hook, log_level="ERROR")
    running = asyncio.create_task(esme.start())
    await esme.broker.enqueue(
        SubmitSm(
            short_message=given["text"],
            source=PhoneNumber("Musterkasse", TON.ALPHANUMERIC, NPI.UNKNOWN),
            destination=PhoneNumber(given["to"], TON.INTERNATIONAL, NPI.ISDN),
            log_id="one",
        )
    )
    await asyncio.wait_for(hook.done.wait(), 20)
    await esme.stop()
    running.cancel()


asyncio.run(main())
print(json.dumps(seen))
