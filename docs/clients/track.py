"""Tells Verikeep of one token: POST /v1/verifications (docs/api.md). Python 3.7 or newer, nothing beside it.

Never let a customer wait for this. Put the token into a table or queue of your own, in the transaction that keeps the order. A worker takes it from
there and calls track: returned, the token is kept and the row is done; Refused, a person looks at the row; TimeoutError, it stays for the next round.
VERIKEEP_URL is the address, VERIKEEP_KEY_FILE the file with the key. By hand: python3 track.py APP ISSUED_AT REFERENCE SECONDS < token
"""
import json, os, sys, time
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit


class Refused(Exception):
    """Repeating is no use."""


def track(app, token, issued_at, reference, until):
    url = urlsplit(os.environ["VERIKEEP_URL"].rstrip("/") + "/v1/verifications")
    with open(os.environ["VERIKEEP_KEY_FILE"]) as file:
        headers = {"Authorization": "Bearer " + file.read().split()[0], "Content-Type": "application/json"}
    body = json.dumps({"app": app, "verify_token": token, "issued_at": issued_at, "reference": reference})
    pause = 1
    while True:
        # Two seconds of silence, not in all: a server that drips takes longer, and only the worker waits.
        connection = (HTTPSConnection if url.scheme == "https" else HTTPConnection)(url.netloc, timeout=2)
        status, wait = 0, ""
        try:
            connection.request("POST", url.path, body, headers)
            answer = connection.getresponse()
            why = "status %d: %s" % (answer.status, answer.read(4096).decode(errors="replace"))
            status, wait = answer.status, answer.getheader("Retry-After", "")
        except (OSError, HTTPException) as error:
            why = repr(error)
        finally:
            connection.close()
        if status in (200, 201):
            return
        if status not in (0, 408, 429) and status < 500:
            raise Refused(why)
        wait, pause = max(int(wait), 1) if wait.isdecimal() else pause, min(2 * pause, 60)
        if time.time() + wait >= until:
            raise TimeoutError(why)
        time.sleep(wait)


if __name__ == "__main__":
    app, issued_at, reference, seconds = sys.argv[1:]
    try:
        track(app, sys.stdin.read().strip(), issued_at, reference, time.time() + int(seconds))
    except Refused as error:
        sys.exit("refused: %s" % error)
    except TimeoutError as error:
        print("nobody took it: %s" % error, file=sys.stderr)
        sys.exit(4)
