"""A server on 127.0.0.1 that speaks the part of the Hub's protocol that a fetch uses."""

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

REPO = "someone/tiny-bitnet"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def git_blob_id(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


@dataclass
class Repository:
    """What the server has, and how it misbehaves."""

    files: dict[str, bytes]
    asked: list = field(default_factory=list)  # (path, Range) of each request
    headers: list = field(default_factory=list)
    listed_commit: str = COMMIT
    listed_sha256: dict = field(default_factory=dict)  # in place of the truth
    served: dict = field(default_factory=dict)  # in place of the files
    gone: set = field(default_factory=set)  # listed, and then 404
    break_at: dict = field(default_factory=dict)  # name: bytes of the body, then the line is cut
    stall_at: dict = field(default_factory=dict)  # name: bytes of the body, then nothing more
    down: bool = False  # every file answers 500
    down_after_break: bool = False
    ranges: bool = True
    redirect: bool = True
    answer: tuple | None = None  # (status, X-Error-Code, body) to every listing


def listing(repository):
    siblings = []
    for name, data in repository.files.items():
        entry = {"rfilename": name, "size": len(data), "blobId": git_blob_id(data)}
        if name.endswith((".safetensors", ".gguf", "tokenizer.json", ".bin")):
            digest = repository.listed_sha256.get(name, sha256(data))
            entry["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 135}
            entry["blobId"] = git_blob_id(b"a pointer")
        siblings.append(entry)
    return {"id": REPO, "sha": repository.listed_commit, "siblings": siblings}


def handler(repository):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *args):
            pass

        def say(self, status, body=b"", **headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            path = urlsplit(self.path).path
            repository.asked.append((path, self.headers.get("Range")))
            repository.headers.append(dict(self.headers))
            if path == f"/api/models/{REPO}/revision/{COMMIT}":
                if repository.answer:
                    status, code, body = repository.answer
                    self.say(status, body, X_Error_Code=code)
                else:
                    self.say(200, json.dumps(listing(repository)).encode())
            elif path.startswith(f"/api/models/{REPO}/revision/"):
                self.say(404, X_Error_Code="RevisionNotFound")
            elif path.startswith("/api/"):
                self.say(404, X_Error_Code="RepoNotFound")
            elif path.startswith(f"/{REPO}/resolve/{COMMIT}/"):
                name = path.rpartition("/")[2]
                if name in repository.gone:
                    self.say(404, X_Error_Code="EntryNotFound")
                elif repository.redirect:  # as the Hub does to its store
                    self.say(302, Location=f"/store/{name}")
                else:
                    self.body(name)
            elif path.startswith("/store/"):
                self.body(path.rpartition("/")[2])
            else:
                self.say(404)

        def body(self, name):
            if repository.down:
                self.say(500)
                return
            data = repository.served.get(name, repository.files[name])
            asked = self.headers.get("Range")
            begin = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            begin = begin if repository.ranges else 0
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - begin))
            self.end_headers()
            end = repository.break_at.pop(name, None) or repository.stall_at.get(name)
            self.wfile.write(data[begin:end])
            self.wfile.flush()
            if name in repository.stall_at:
                time.sleep(3)
            if end:
                repository.down = repository.down_after_break
                self.connection.close()
                self.close_connection = True

    return Handler


@contextmanager
def serving(repository):
    """The address it is served at, while it is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(repository))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
