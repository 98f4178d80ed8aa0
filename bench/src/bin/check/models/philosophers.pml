/* The dining philosophers, for SPIN: PHILOSOPHERS sit round a table. RIGHT: whoever is hungry takes the fork
   of the lower number first; else, the one to the left. AGAIN says when a meal is not the last. */

bool taken[PHILOSOPHERS];

proctype philosopher(byte first; byte second) {
hungry:
    atomic { !taken[first] -> taken[first] = true }
    atomic { !taken[second] -> taken[second] = true }
    taken[second] = false;
    taken[first] = false;
#ifdef FOR_EVER
    goto hungry;
#endif
#ifdef WHILE_THEY_LIKE
    if
    :: goto hungry
    :: skip
    fi
#endif
}

init {
    byte at = 0;
    atomic {
        do
        :: at < PHILOSOPHERS - 1 -> run philosopher(at, at + 1); at++
        :: else -> break
        od;
#ifdef RIGHT
        run philosopher(0, at);
#else
        run philosopher(at, 0);
#endif
    }
}
