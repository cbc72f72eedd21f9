"""Drives zeep. It reaches nothing but the server under test."""

import hashlib
import hmac
import json
import os
import sys
from datetime import date, datetime, timezone
from decimal import Decimal

import requests
import zeep
from zeep.helpers import serialize_object
from zeep.transports import Transport

BASE = os.environ["LATCHKEY_URL"] + "/"
ALGORITHMS = {"md5": "md5", "sha256": "sha256", "sha3-256": "sha3_256"}


class OnlyTheServer(requests.adapters.HTTPAdapter):
    """Refuses every other address, and keeps the last status."""

    status = 0

    def send(self, request, **options):
        if not request.url.startswith(BASE):
            raise ConnectionError("it wants to go to " + request.url)
        response = super().send(request, **options)
        self.status = response.status_code
        return response


def proof(code, key, algorithm):
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    text = "%d%s%d%s" % (len(code), code, len(now), now)
    digest = hmac.new(key.encode(), text.encode(), getattr(hashlib, ALGORITHMS[algorithm]))
    return [now, digest.hexdigest()]


def plain(value):
    """What JSON has no word for is a text."""
    if isinstance(value, (Decimal, date)):
        return str(value)
    raise TypeError("no JSON for %r" % (value,))


def given(value):
    """What zeep wants for a null, and for a list."""
    if value is None:
        return zeep.xsd.Nil
    if isinstance(value, dict):
        return {name: given(member) for name, member in value.items()}
    if isinstance(value, list):
        return {"item": [given(item) for item in value]}
    return value


def answer(service, adapter, asked):
    if asked.get("sign"):
        return {"result": proof(*asked["sign"])}
    try:
        args = [given(arg) for arg in asked["args"]]
        args += [zeep.xsd.SkipValue] * (len(asked["names"]) - len(args))
        result = getattr(service, asked["method"])(*args)
    except zeep.exceptions.Fault as fault:
        return {"fault": {"code": fault.code, "message": fault.message}, "status": adapter.status}
    except Exception as failure:
        return {"broken": repr(failure)}
    return {"result": serialize_object(result, dict), "status": adapter.status}


def main():
    adapter = OnlyTheServer()
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    client = zeep.Client(BASE + "soap/6.0/?wsdl", transport=Transport(session=session))
    for line in sys.stdin:
        print(json.dumps(answer(client.service, adapter, json.loads(line)), default=plain), flush=True)


main()
