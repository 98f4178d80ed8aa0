"""Items between processes of Python, through the queue that is named.

    python.py release
    python.py KIND PRODUCERS CONSUMERS CAPACITY MILLISECONDS BATCH

KIND is faster-fifo, Queue or JoinableQueue. A line of JSON says what each process did.
"""

import ctypes
import json
import multiprocessing
import platform
import signal
import sys
import time

BYTES = 64
LAST = 2**64 - 1
FOREVER = 10**6


def item(number):
    return number.to_bytes(8, "little") * (BYTES // 8)


def number(body):
    if len(body) != BYTES or body[:8] != body[-8:]:
        raise ValueError("an item arrived in pieces")
    return int.from_bytes(body[:8], "little")


class FasterFifo:
    """Items as they are, without pickling: the best it can do."""

    # What it keeps beside each item.
    HEADER = 8

    def __init__(self, capacity):
        import faster_fifo

        size = capacity * (BYTES + self.HEADER)
        self.queue = faster_fifo.Queue(max_size_bytes=size, loads=bytes, dumps=bytes)

    def put(self, bodies):
        if len(bodies) == 1:
            self.queue.put(bodies[0], timeout=FOREVER)
        else:
            self.queue.put_many(bodies, timeout=FOREVER)

    def take(self, most):
        if most == 1:
            return [self.queue.get(timeout=FOREVER)]
        return self.queue.get_many(timeout=FOREVER, max_messages_to_get=most)

    def finish(self, bodies):
        pass


class Queue:
    """The standard library's."""

    def __init__(self, capacity):
        self.queue = multiprocessing.Queue(capacity)

    def put(self, bodies):
        for body in bodies:
            self.queue.put(body)

    def take(self, most):
        return [self.queue.get()]

    def finish(self, bodies):
        pass


class JoinableQueue(Queue):
    """The same, told of each item that it is done."""

    def __init__(self, capacity):
        self.queue = multiprocessing.JoinableQueue(capacity)

    def finish(self, bodies):
        for _ in bodies:
            self.queue.task_done()


KINDS = {"faster-fifo": FasterFifo, "Queue": Queue, "JoinableQueue": JoinableQueue}


def die_with_parent():
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGKILL)


def produce(medium, start, legs, hand, milliseconds, batch):
    die_with_parent()
    start.wait()
    begun = time.monotonic_ns()
    until = begun + milliseconds * 1_000_000
    items = total = 0
    while True:
        for _ in range(max(16 // batch, 1)):
            first = hand << 48 | items
            numbers = range(first, first + batch)
            medium.put([item(each) for each in numbers])
            items += batch
            total += sum(numbers)
        if time.monotonic_ns() >= until:
            break
    legs.put(("producers", items, total % 2**64, begun, time.monotonic_ns()))


def consume(medium, start, legs, batch):
    die_with_parent()
    start.wait()
    begun = time.monotonic_ns()
    items = total = 0
    while True:
        bodies = medium.take(batch)
        numbers = [number(body) for body in bodies]
        medium.finish(bodies)
        ends = numbers.count(LAST)
        items += len(numbers) - ends
        total += sum(numbers) - ends * LAST
        if ends > 0:
            # Those that are for others.
            for _ in range(ends - 1):
                medium.put([item(LAST)])
            break
    legs.put(("consumers", items, total % 2**64, begun, time.monotonic_ns()))


def race(kind, producers, consumers, capacity, milliseconds, batch):
    medium = KINDS[kind](capacity)
    legs = multiprocessing.SimpleQueue()
    start = multiprocessing.Barrier(producers + consumers)
    putting = [
        multiprocessing.Process(target=produce, args=(medium, start, legs, hand, milliseconds, batch))
        for hand in range(producers)
    ]
    taking = [
        multiprocessing.Process(target=consume, args=(medium, start, legs, batch))
        for _ in range(consumers)
    ]
    for process in putting + taking:
        process.start()
    done = {"producers": [], "consumers": []}
    names = ["items", "sum", "begun", "ended"]

    def hear():
        side, *leg = legs.get()
        done[side].append(dict(zip(names, leg)))

    for process in putting:
        hear()
        # A queue of the standard library hands on what was put in a thread of its process.
    for process in putting:
        process.join()
    for _ in taking:
        medium.put([item(LAST)])
    for _ in taking:
        hear()
    for process in taking:
        process.join()
    print(json.dumps(done))


if __name__ == "__main__":
    die_with_parent()
    multiprocessing.set_start_method("fork")
    if sys.argv[1] == "release":
        import importlib.metadata

        print(platform.python_version(), importlib.metadata.version("faster-fifo"))
    else:
        race(sys.argv[1], *map(int, sys.argv[2:]))
