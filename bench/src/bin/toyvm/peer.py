"""A ToyVM as one writes it in Python: each instruction is a method, found by its name.

    python3 peer.py FILE THREADS STEPS

runs the file's `main`, one instruction of each thread in turn, for so many steps, and prints the
seconds that they took, by the clock and of the processor.
"""

import sys
import time
from collections import deque


class Thread:
    def __init__(self, code):
        self.code = code
        self.pc = 0
        self.stack = []
        self.variables = {}


class Lock:
    def __init__(self):
        self.owner = None
        self.line = deque()


class Queue:
    def __init__(self):
        self.messages = deque()
        self.line = deque()


class Counter:
    def __init__(self, value):
        self.value = value


class ToyVM:
    def __init__(self, main):
        self.globals = {}
        self.ready = deque([Thread(main)])

    def run(self, steps):
        ready, instructions = self.ready, self.INSTRUCTIONS
        for _ in range(steps):
            thread = ready.popleft()
            name, *argument = thread.code[thread.pc]
            thread.pc += 1
            waits = instructions[name](self, thread, *argument)
            if not waits and thread.pc < len(thread.code):
                ready.append(thread)

    def push(self, thread, value):
        thread.stack.append(value)

    def pop(self, thread):
        thread.stack.pop()

    def dup(self, thread):
        thread.stack.append(thread.stack[-1])

    def add(self, thread):
        b = thread.stack.pop()
        a = thread.stack.pop()
        thread.stack.append(a + b)

    def sub(self, thread):
        b = thread.stack.pop()
        a = thread.stack.pop()
        thread.stack.append(a - b)

    def load(self, thread, name):
        if name in thread.variables:
            thread.stack.append(thread.variables[name])
        else:
            thread.stack.append(self.globals[name])

    def store(self, thread, name):
        thread.variables[name] = thread.stack.pop()

    def global_store(self, thread, name):
        self.globals[name] = thread.stack.pop()

    def jump(self, thread, to):
        thread.pc = to

    def jump_if(self, thread, to):
        if thread.stack.pop() >= 0:
            thread.pc = to

    def thread_create(self, thread, bodies):
        child = Thread(bodies[thread.stack.pop()])
        self.ready.append(child)
        thread.stack.append(child)

    def lock_create(self, thread):
        thread.stack.append(Lock())

    def lock_acquire(self, thread):
        lock = thread.stack.pop()
        if lock.owner is None:
            lock.owner = thread
            return False
        lock.line.append(thread)
        return True

    def lock_release(self, thread):
        lock = thread.stack.pop()
        if lock.owner is not thread:
            raise RuntimeError("released by another")
        lock.owner = lock.line.popleft() if lock.line else None
        if lock.owner is not None:
            self.ready.append(lock.owner)

    def queue_create(self, thread):
        thread.stack.append(Queue())

    def queue_send(self, thread):
        message = thread.stack.pop()
        queue = thread.stack.pop()
        if queue.line:
            receiver = queue.line.popleft()
            receiver.stack.append(message)
            self.ready.append(receiver)
        else:
            queue.messages.append(message)

    def queue_receive(self, thread):
        queue = thread.stack.pop()
        if queue.messages:
            thread.stack.append(queue.messages.popleft())
            return False
        queue.line.append(thread)
        return True

    def atomic_create(self, thread, initial):
        thread.stack.append(Counter(initial))

    def atomic_increment(self, thread):
        counter = thread.stack.pop()
        counter.value += 1
        thread.stack.append(counter.value)

    INSTRUCTIONS = {
        "PUSH": push, "POP": pop, "DUP": dup, "ADD": add, "SUB": sub,
        "LOAD": load, "STORE": store, "GLOBAL_STORE": global_store,
        "JUMP": jump, "JUMP_IF": jump_if, "THREAD_CREATE": thread_create,
        "LOCK_CREATE": lock_create, "LOCK_ACQUIRE": lock_acquire, "LOCK_RELEASE": lock_release,
        "QUEUE_CREATE": queue_create, "QUEUE_SEND": queue_send, "QUEUE_RECEIVE": queue_receive,
        "ATOMIC_CREATE": atomic_create, "ATOMIC_INCREMENT": atomic_increment,
    }


def main(file, threads, steps):
    program = {"THREADS": int(threads)}
    with open(file) as text:
        exec(text.read(), program)
    vm = ToyVM(program["main"])
    clock, processor = time.perf_counter(), time.process_time()
    vm.run(int(steps))
    print(time.perf_counter() - clock, time.process_time() - processor)


main(*sys.argv[1:])
