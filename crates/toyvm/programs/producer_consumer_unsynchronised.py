"""The bounded buffer without synchronisation: what goes wrong, all of it.

The buffer is an array and two globals, `head` and `tail`, that everyone changes as they like. Producers
overwrite each other's items, consumers take one twice or take a place that was never filled.
"""
# verdict: RACE

from toyvm import ToyVM

ITEMS = 8
CAPACITY = 5

producer = [
    ("PUSH", ITEMS - 1), ("STORE", "left"),
    ("LABEL", "next"),
    ("LABEL", "full"),                                            # wait by looking again and again
    ("LOAD", "tail"), ("LOAD", "head"), ("SUB",), ("PUSH", CAPACITY), ("LT",), ("JUMP_IF_TRUE", "room"),
    ("SLEEP", 1), ("JUMP", "full"),
    ("LABEL", "room"),
    ("LOAD", "buffer"), ("LOAD", "tail"), ("PUSH", CAPACITY), ("MUL", "mod"), ("LOAD", "left"), ("ARRAY_SET",),
    ("LOAD", "tail"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "tail"),
    ("LOAD", "left"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "left"),
    ("JUMP_IF", "next"),
]

consumer = [
    ("PUSH", 100), ("STORE", "patience"),
    ("LABEL", "next"),
    ("LOAD", "patience"), ("PUSH", 1), ("SUB",), ("DUP",), ("STORE", "patience"), ("JUMP_IF", "look"),
    ("JUMP", "done"),
    ("LABEL", "look"),
    ("LOAD", "head"), ("LOAD", "tail"), ("LT",), ("JUMP_IF_TRUE", "take"),
    ("SLEEP", 1), ("JUMP", "next"),
    ("LABEL", "take"),
    ("LOAD", "buffer"), ("LOAD", "head"), ("PUSH", CAPACITY), ("MUL", "mod"), ("ARRAY_GET",), ("POP",),
    ("LOAD", "head"), ("PUSH", 1), ("ADD",), ("GLOBAL_STORE", "head"),
    ("LOAD", "consumed"), ("ATOMIC_INCREMENT",), ("PRINT", "{} consumed"), ("POP",),
    ("JUMP", "next"),
    ("LABEL", "done"),
]

vm = ToyVM()
vm.create_array(CAPACITY, "buffer")
vm.create_atomic_counter(0, "consumed")
vm.globals["head"] = 0
vm.globals["tail"] = 0
vm.create_thread(producer, "producer-1")
vm.create_thread(producer, "producer-2")
vm.create_thread(consumer, "consumer-1")
vm.create_thread(consumer, "consumer-2")
vm.create_thread(consumer, "consumer-3")
vm.run()
