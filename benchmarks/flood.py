"""Does a flood disturb anybody else? A served rack, clients that fuzz at full speed, and a good one beside them.

python benchmarks/flood.py          60 seconds
python benchmarks/flood.py 10 7     10 seconds, seed 7

Each fuzzing client, a process of its own, writes to one instrument as fast as the connection takes it: random bytes,
words of the instrument with random numbers, endless lines, half a command before it vanishes. The good client sets and
reads what nobody else can touch, on a bridge without a flood, and asks the flooded magnet supply for its name.
"""

import multiprocessing
import random
import resource
import socket
import statistics
import sys
import time
from pathlib import Path

from coldfinger.sim.clock import SimClock
from coldfinger.sim.cryostat import Cryostat
from coldfinger.sim.places import PLACES
from coldfinger.sim.rack import ADDRESSES, sim_rack
from coldfinger.sim.sample import builtin_sample
from coldfinger.sim.server import Place, serve

SPEED = 100.0  # bus times pass a hundred times faster, so a flood gets that much more through
NAME = b"AMERICAN MAGNETICS INC.,MODEL 430,2.01\r\n"


def noise(model: str, seed: int) -> list[bytes]:
    """Pieces of a conversation that no program would have with this model."""
    rng = random.Random(seed)
    panel = next(panels[model] for panels in PLACES.values() if model in panels)
    words = [word.encode() for word in panel.commands.entries]  # type: ignore[attr-defined]
    orders = b"".join(
        b"%s %d,%e\n" % (rng.choice(words), rng.randrange(-9, 99), rng.gauss(0, 1e9)) for _ in range(2000)
    )
    return [orders, rng.randbytes(100_000), b";" * 50_000, b"\n" * 50_000, b"A" * 50_000, rng.choice(words)]


def flood(place: Place, seed: int) -> None:
    """Write until killed; vanish and come back after each round."""
    pieces = noise(place.model, seed)
    while True:
        try:
            with socket.create_connection((place.host, place.port), 0.5) as bad:
                for piece in pieces:
                    bad.sendall(piece)
        except OSError:
            continue


def memory() -> float:
    """Resident memory of this process (MB); where that is not known its peak."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def ask(connection: socket.socket, question: bytes, size: int) -> bytes:
    connection.sendall(question)
    answer = b""
    while len(answer) < size:
        piece = connection.recv(size - len(answer))
        if not piece:
            break
        answer += piece
    return answer


def measure(seconds: float, seed: int) -> None:
    rack = sim_rack(Cryostat(builtin_sample("S0", 0)), SimClock(SPEED), ADDRESSES)
    with serve(rack) as server:
        bridge = socket.create_connection(server.places["bridge"][1:3], 10.0)
        magnet = socket.create_connection(server.places["magnet"][1:3], 10.0)
        ask(magnet, b"", len(b"American Magnetics Model 430 IP Interface\r\nHello.\r\n"))
        flooded = [place for name, place in server.places.items() if name != "bridge"]
        context = multiprocessing.get_context("spawn")
        clients = [
            context.Process(target=flood, args=(place, seed + i), daemon=True) for i, place in enumerate(flooded)
        ]
        for client in clients:
            client.start()
        while server.clients < 2 + len(flooded):
            time.sleep(0.1)
        right, wrong, waits, sizes, rng = 0, 0, [], [memory()], random.Random(seed)
        began = last = time.monotonic()
        while time.monotonic() - began < seconds:
            set_point = f"{rng.uniform(0.01, 1.0):+.3f}"
            said = time.monotonic()
            answers = [
                (ask(bridge, f"SETP 0,{set_point}\nSETP? 0\n".encode(), 14), float(set_point)),
                (ask(magnet, b"*IDN?\n", len(NAME)), NAME),
            ]
            waits.append(time.monotonic() - said)
            good = answers[1][0] == NAME and abs(float(answers[0][0]) - float(set_point)) < 1e-9
            right, wrong = right + good, wrong + (not good)
            if time.monotonic() - last > seconds / 12:
                sizes.append(memory())
                last = time.monotonic()
        for client in clients:
            client.kill()
            client.join()
        bridge.close()
        magnet.close()
    waits.sort()
    print(f"{seconds:g} s, fuzzing {', '.join(place.model for place in flooded)}")
    print(f"  right answers {right}, wrong {wrong}")
    print(f"  three messages take {statistics.median(waits) * 1e3:.1f} ms, the worst {waits[-1] * 1e3:.0f} ms")
    print(f"  memory (MB) {' '.join(f'{size:.1f}' for size in sizes)}")


if __name__ == "__main__":
    measure(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
