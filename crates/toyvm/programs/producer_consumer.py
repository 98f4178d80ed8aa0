"""The bounded buffer as a Python script round a ToyVM object: two producers, three consumers, room for 5.

The program is that of producer_consumer.toy; the objects are made, and the threads started, by the
script, each with a name of its own. As in many such scripts, the instructions push an object's name
where they want the object.
"""
# expect: [consumer-1] ends
# expect: [consumer-2] ends
# expect: [consumer-3] ends
# expect-absent: [producer-1] produced 17
# verdict: PROVED

import random

from toyvm import ToyVM

ITEMS = 8
TOTAL = 2 * ITEMS


def producer(pause):
    """Makes ITEMS items, `pause` milliseconds apart."""
    return [
        ("PUSH", ITEMS - 1), ("STORE", "left"),
        ("SLEEP", pause),                                         # 2
        ("PUSH", "next_id"), ("ATOMIC_INCREMENT",), ("STORE", "item"),
        ("PUSH", "empty_sem"), ("SEMAPHORE_ACQUIRE",),
        ("PUSH", "buffer_lock"), ("LOCK_ACQUIRE",),
        ("PUSH", "buffer_queue"), ("LOAD", "item"), ("QUEUE_SEND",),
        ("PUSH", "buffer_lock"), ("LOCK_RELEASE",),
        ("PUSH", "filled_sem"), ("SEMAPHORE_RELEASE",),
        ("LOAD", "item"), ("PRINT", "produced {}"), ("POP",),
        ("LOAD", "left"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "left"),
        ("JUMP_IF", 2),
    ]


def consumer(pause):
    """Takes items until all are claimed, `pause` milliseconds for each."""
    return [
        ("PUSH", TOTAL), ("PUSH", "claimed"), ("ATOMIC_INCREMENT",), ("SUB",),
        ("JUMP_IF", 6),                                           # one is left for it
        ("JUMP", 20),
        ("PUSH", "filled_sem"), ("SEMAPHORE_ACQUIRE",),           # 6
        ("PUSH", "buffer_lock"), ("LOCK_ACQUIRE",),
        ("PUSH", "buffer_queue"), ("QUEUE_RECEIVE",),
        ("PUSH", "buffer_lock"), ("LOCK_RELEASE",),
        ("PUSH", "empty_sem"), ("SEMAPHORE_RELEASE",),
        ("SLEEP", pause),
        ("PRINT", "consumed {}"), ("POP",),
        ("JUMP", 0),
        ("PRINT", "ends"),                                        # 20
    ]


def main():
    vm = ToyVM()
    buffer_lock = vm.create_lock("buffer_lock")
    vm.create_semaphore(5, "empty_sem")
    vm.create_semaphore(0, "filled_sem")
    vm.create_message_queue("buffer_queue")
    vm.create_atomic_counter(0, "next_id")
    vm.create_atomic_counter(0, "claimed")

    vm.create_thread(producer(10), "producer-1", priority=1)
    vm.create_thread(producer(25), "producer-2", priority=1)
    vm.create_thread(consumer(30), "consumer-1")
    vm.create_thread(consumer(40), "consumer-2")
    vm.create_thread(consumer(50), "consumer-3")

    vm.scheduler_type = "random"
    print("Running the bounded buffer ...")
    vm.run(max_steps=20_000)
    print("Done.")


if __name__ == "__main__":
    main()
