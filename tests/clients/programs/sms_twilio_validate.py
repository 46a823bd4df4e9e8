"""Twilio's RequestValidator over received callbacks. Argument: JSON with token, url, calls; prints JSON."""

import json
import sys

from twilio.request_validator import RequestValidator

given = json.loads(sys.argv[1])
validator = RequestValidator(given["token"])
found = [validator.validate(given["url"], call["form"], call["signature"]) for call in given["calls"]]
sys.stdout.write(json.dumps(found))
