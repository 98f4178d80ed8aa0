-- What is known of the buffer, and what can be done to it, where something is rare.

-- It is one table because functions are made anew in each step: every local that one of them uses is searched for among all that
-- are used, and that took longer than the step.
local b = {
    meta = meta, base = base, session = session, answers = answers, remember = remember, next_argument = 6,
    items = base .. 'items', back = base .. 'back', loans = base .. 'loans', due = base .. 'due',
    -- Who waits: four lines, `room`, `takes`, `leases` and `idle`, each in the order of tickets, and what is known of each waiter.
    permits = base .. 'permits', handles = base .. 'handles', waiters = base .. 'waiters', standing = standing,
    -- What a reply may be asked for again, after the connection broke: for ten minutes.
    REMEMBERED = 600000,
    -- So many expired leases, and so many dead sessions, are seen to in one step.
    AT_ONCE = 64,
    now = milliseconds(),
    capacity = tonumber(known[3]), weight_capacity = tonumber(known[4]), max_leased = tonumber(known[5]),
    max_failures = tonumber(known[6]), max_deliveries = tonumber(known[7]), lease_time = tonumber(known[8]),
    closed = known[9] == '1',
    -- The entry that was lent last, the position of the next one, and the lease that was numbered last.
    last = known[10], next = tonumber(known[11] or 0), tokens = tonumber(known[12] or 0),
    finished = tonumber(known[13] or 0), high_water = tonumber(known[14] or 0), weight = tonumber(known[15] or 0),
    taking = tonumber(known[16] or 0),
    -- What of these changes is written once, when the step is done.
    changed = {},
}
-- Where nobody stands in line, nobody cares whether the buffer was idle.
b.unfinished_before = standing > 0 and call('XLEN', b.items) or 0

function b.argument()
    b.next_argument = b.next_argument + 1
    return ARGV[b.next_argument - 1]
end
function b.number()
    return tonumber(b.argument())
end

function b.set(name, value)
    b[name] = value
    b.changed[name] = value
end

function b.leased()
    return call('ZCARD', b.due)
end
function b.waiting()
    return call('XLEN', b.items) - call('ZCARD', b.due)
end

function b.weigh(change)
    if b.weight_capacity and change ~= 0 then
        b.set('weight', b.weight + change)
    end
end

function b.see_depth(depth)
    if depth > b.high_water then
        b.set('high_water', depth)
    end
end

-- The value of a field in an entry of a stream.
function b.field(entry, name)
    if entry[1] == name then
        return entry[2]
    end
    for i = 3, #entry, 2 do
        if entry[i] == name then
            return entry[i + 1]
        end
    end
end

function b.position(id)
    return tonumber(string.match(id, '^%d+'))
end

local operations = {}
