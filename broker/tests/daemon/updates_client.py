"""A client of RFC 8895 and of RFC 9569, with nothing but Python's own library.

    updates_client.py HOST:PORT RESOURCE... < (a line ends it)

It watches each resource over an update stream and over a TIPS view at once, applies what it is told, and when a line
comes on standard input prints what it has of each: {"sse": {resource: document}, "tips": {...}, "forms": [...]}.
After "more" it goes on; after anything else it ends.
"""

import copy
import http.client
import json
import sys
import threading
from urllib.parse import urlsplit

HOST = sys.argv[1]
RESOURCES = sys.argv[2:]
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

lock = threading.Lock()
have = {"sse": {}, "tips": {}, "forms": set()}


def merge(target, patch):
    """RFC 7396, section 2, as it stands there."""
    if not isinstance(patch, dict):
        return patch
    if not isinstance(target, dict):
        target = {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merge(target.get(name), value)
    return target


def pointed(document, pointer):
    """The parent of what a JSON pointer (RFC 6901) points to, and its name there."""
    names = [name.replace("~1", "/").replace("~0", "~") for name in pointer.split("/")[1:]]
    for name in names[:-1]:
        document = document[int(name)] if isinstance(document, list) else document[name]
    return document, names[-1]


def json_patch(document, operations):
    """RFC 6902, as far as a difference needs it."""
    for operation in operations:
        if operation["path"] == "":
            document = operation["value"]
            continue
        parent, name = pointed(document, operation["path"])
        kind = operation["op"]
        if isinstance(parent, list):
            at = int(name)
            if kind == "add":
                parent.insert(at, operation["value"])
            elif kind == "replace":
                parent[at] = operation["value"]
            else:
                del parent[at]
        elif kind == "remove":
            del parent[name]
        else:
            assert kind == "add" or name in parent, operation
            parent[name] = operation["value"]
    return document


def apply(where, name, media_type, text):
    value = json.loads(text)
    media_type = media_type.split(";")[0].strip()
    with lock:
        documents = have[where]
        if media_type == MERGE:
            have["forms"].add(media_type)
            documents[name] = merge(copy.deepcopy(documents[name]), value)
        elif media_type == JSON_PATCH:
            have["forms"].add(media_type)
            documents[name] = json_patch(copy.deepcopy(documents[name]), value)
        else:
            documents[name] = value


def post(path, media_type, body):
    connection = http.client.HTTPConnection(HOST, timeout=60)
    connection.request("POST", path, json.dumps(body), {"Content-Type": media_type})
    answer = connection.getresponse()
    assert answer.status == 200, (answer.status, answer.read())
    return answer


def stream():
    add = {name: {"resource-id": name} for name in RESOURCES}
    answer = post("/updates", "application/alto-updatestreamparams+json", {"add": add})
    event, data = None, []
    while True:
        line = answer.readline().decode()
        if line == "":
            return
        line = line.rstrip("\n")
        if line == "":
            if event and "," in event:
                media_type, name = event.rsplit(",", 1)
                apply("sse", name, media_type, "\n".join(data))
            event, data = None, []
        elif line.startswith("event: "):
            event = line[len("event: "):]
        elif line.startswith("data: "):
            data.append(line[len("data: "):])
        else:
            assert line.startswith(":"), line


def tips(name):
    opened = json.load(post("/tips", "application/alto-tipsparams+json", {"resource-id": name}))
    view = urlsplit(opened["tips-view-uri"])
    edge = opened["tips-view-summary"]["updates-graph-summary"]["start-edge-rec"]
    i, j = edge["seq-i"], edge["seq-j"]
    connection = http.client.HTTPConnection(view.netloc, timeout=120)
    while True:
        connection.request("GET", f"{view.path}/ug/{i}/{j}")
        answer = connection.getresponse()
        text = answer.read()
        if answer.status == 503:
            continue
        if answer.status in (404, 410):
            # The server began anew, or let go of what we want: from the beginning (RFC 9569, section 7.4).
            again = http.client.HTTPConnection(view.netloc, timeout=60)
            again.request("POST", f"{view.path}/ug", json.dumps({"resource-id": name}),
                          {"Content-Type": "application/alto-tipsparams+json"})
            summary = json.load(again.getresponse())["tips-view-summary"]["updates-graph-summary"]
            i, j = summary["start-edge-rec"]["seq-i"], summary["start-edge-rec"]["seq-j"]
            continue
        assert answer.status == 200, (answer.status, text)
        apply("tips", name, answer.headers["Content-Type"], text)
        i, j = j, j + 1


def run(work, *args):
    def guarded():
        try:
            work(*args)
        except (OSError, http.client.HTTPException):
            pass

    threading.Thread(target=guarded, daemon=True).start()


run(stream)
for resource in RESOURCES:
    run(tips, resource)
for line in sys.stdin:
    if line.strip() not in ("show", "end"):
        continue
    with lock:
        print(json.dumps({**have, "forms": sorted(have["forms"])}), flush=True)
    if line.strip() == "end":
        break
