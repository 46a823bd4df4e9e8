"""smpplib sends a text in as many parts as it takes and waits for all receipts; prints what it saw as JSON."""

# The client library lives in another environment.
# mypy: ignore-errors

import json
import logging
import sys

import smpplib.client
import smpplib.consts
import smpplib.gsm

given = json.loads(sys.argv[1])
logging.disable(logging.CRITICAL)
answers, receipts = [], []


def delivered(pdu):
    receipts.append(pdu.short_message.decode("latin-1"))
    return smpplib.consts.SMPP_ESME_ROK


client = smpplib.client.Client(given["host"], given["port"], timeout=20)
client.set_message_sent_handler(lambda pdu: answers.append(pdu.message_id.decode()))
client.set_message_received_handler(delivered)
client.connect()
client.bind_transceiver(system_id=given["system_id"], password=given["password"])
parts, coding, esm_class = smpplib.gsm.make_parts(given["text"])
for part in parts:
    client.send_message(
        source_addr_ton=smpplib.consts.SMPP_TON_ALNUM,
        source_addr="Musterkasse",
        dest_addr_ton=smpplib.consts.SMPP_TON_INTL,
        dest_addr_npi=smpplib.consts.SMPP_NPI_ISDN,
        destination_addr=given["to"],
        short_message=part,
        data_coding=coding,
        esm_class=esm_class,
        registered_delivery=1,
    )
while len(receipts) < len(parts):
    client.read_once()
client.unbind()
client.disconnect()
print(json.dumps({"parts": len(parts), "answers": answers, "receipts": receipts}))
