"""Twilio's own client at a gateway. Argument: JSON with address, sid, token, callback; prints JSON."""

import json
import sys

from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

given = json.loads(sys.argv[1])
client = Client(given["sid"], given["token"])
client.api.base_url = given["address"]

sids = [
    client.messages.create(
        to=given["to"], from_="Musterkasse", body=f"Ihre TAN lautet {number:06}", status_callback=given["callback"]
    ).sid
    for number in range(5)
]
listed = [message.sid for message in client.messages.list(page_size=2)]
fetched = client.messages(sids[0]).fetch()
redacted = client.messages(sids[0]).update(body="")
deleted = client.messages(sids[1]).delete()
try:
    client.messages.create(to="+491701234567", from_="Musterkasse", body="x")
    refused = None
except TwilioRestException as error:
    refused = [error.status, error.code]
found = {
    "sids": sids,
    "listed": listed,
    "status": fetched.status,
    "body": fetched.body,
    "redacted": redacted.body,
    "deleted": deleted,
    "left": len(client.messages.list(to=given["to"])),
    "refused": refused,
}
sys.stdout.write(json.dumps(found))
