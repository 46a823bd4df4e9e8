"""seven.io's older client (sms77api) at a gateway. Argument: JSON with address, key, to; prints JSON."""

import json
import sys

from sms77api.Sms77api import Sms77api

given = json.loads(sys.argv[1])
Sms77api.baseUrl = f"{given['address']}/api"
client = Sms77api(given["key"])
found = {
    "plain": client.sms(given["to"], "Ihre TAN lautet 111111", {}),
    "locked": client.sms(given["to"], "Ihre TAN lautet 111111", {}),
    "json": client.sms(given["to"], "Grüße: 222222", {"json": True, "from": "Musterkasse"}),
    "wrong_key": Sms77api("wrong").sms(given["to"], "x", {}),
}
found["status"] = client.status(int(found["json"]["messages"][0]["id"]))
sys.stdout.write(json.dumps(found))
