"""Stations that tell somebody: their files, carriers that note what they get, and a server that takes messages."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from coldfinger.procedures.laboratory.station_file import StationFile, check_station_text, read_station_file
from coldfinger.procedures.notify.letter import Letter, Notice

DEADLINE = 30.0  # s
BUILT_IN = read_station_file().text


def telling(table: str, text: str = BUILT_IN) -> StationFile:
    """The built-in station with a [notify] table."""
    return check_station_text(f"{text}\n[notify]\n{table}\n", "my-fridge.toml")


def notice(kind: str = "guard", text: str = "the fuse is gone", word: str = "fault") -> Notice:
    return Notice(word, kind, text, "2026-11-23T02:14:00+00:00", "item 4 of 27, R(T) at 3 T")


class Noted:
    """A carrier that keeps what it gets; it refuses while `reason` says why, and `slow` holds it up."""

    def __init__(self, name: str = "json://home", reason: str = "") -> None:
        self.name, self.reason = name, reason
        self.letters: list[Letter] = []
        self.slow = threading.Event()
        self.slow.set()
        self._changed = threading.Condition()

    def deliver(self, letter: Letter) -> str:
        with self._changed:
            reason = self.reason
            self.letters.append(letter)
            self._changed.notify_all()
        assert self.slow.wait(DEADLINE)
        return reason

    def wait_for(self, count: int) -> list[Letter]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.letters) >= count, DEADLINE)
        return self.letters


class Post:
    """What a server got, and how it answers."""

    def __init__(self) -> None:
        self.port = 0
        self.status = 200
        self.got: list[dict[str, str]] = []
        self.paths: list[str] = []


@contextlib.contextmanager
def post_office() -> Iterator[Post]:
    """A server on this computer that takes messages in JSON."""
    post = Post()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            post.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            post.paths.append(self.path)
            self.send_response(post.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        post.port = server.server_port
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        try:
            yield post
        finally:
            server.shutdown()
            serving.join(DEADLINE)
