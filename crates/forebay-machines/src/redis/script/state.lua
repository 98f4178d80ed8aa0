-- One step of a buffer: everything that is ever done to it is done here, whole or not at all.
--
-- KEYS[1] is the hash of settings and counts; every other key begins like it, with the same hash tag.
-- ARGV: operation, identity, session, number of the request (0: not remembered), answers that arrived; then what
-- the operation takes.
--
-- A reply begins with a word. 'gone' and 'format' say that this is not the buffer that was opened.

local call = redis.call
local meta = KEYS[1]
local base = string.sub(meta, 1, -5)
local items, back, loans, due, tries = base .. 'items', base .. 'back', base .. 'loans', base .. 'due', base .. 'tries'
local dead, permits, handles, sessions = base .. 'dead', base .. 'permits', base .. 'handles', base .. 'sessions'
-- Who waits: the four lines, each in the order of tickets, and what is known of each waiter.
local room, takes, leases, idle = base .. 'room', base .. 'takes', base .. 'leases', base .. 'idle'
local waiters = base .. 'waiters'
-- Where this is a group: its name, what the names of all keys of its topic begin with, and the set of the topic's groups.
local name, group = string.match(base, '^(forebay:{[^}]*}:)group:(.*):$')
name = name or base
local groups = name .. 'groups'

local operation, identity, session, request, arrived = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local next_argument = 6
local function argument()
    next_argument = next_argument + 1
    return ARGV[next_argument - 1]
end
local function number()
    return tonumber(argument())
end

-- What a reply may be asked for again, after the connection broke: for ten minutes.
local REMEMBERED = 600000
-- So many expired leases, and so many dead sessions, are seen to in one step.
local AT_ONCE = 64

local clock = call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

if operation == 'create' then
    local found = call('HGETALL', meta)
    if #found > 0 then
        return {'there', unpack(found)}
    end
    if not group and call('EXISTS', groups) == 1 then
        return {'topic'}
    elseif group and call('EXISTS', name .. 'meta') == 1 then
        return {'plain'}
    end
    call('DEL', items, back, loans, due, tries, dead, permits, handles, sessions, room, takes, leases, idle, waiters)
    if group then
        call('SADD', groups, group)
    end
    call('HSET', meta, 'format', 1, 'identity', identity, 'created', string.format('%.0f', now), unpack(ARGV, 6))
    return {'made'}
end

-- Where memory is short, a script is refused at the first command that needs some, unless it has written before.
-- So puts are refused before anything is done, and all that makes room goes on. (A put that first has to see to what is
-- over by the clock may slip through.)
if operation ~= 'put' and operation ~= 'reserve' and operation ~= 'permitted' then
    call('HDEL', meta, '')
end

local known = call('HMGET', meta, 'format', 'identity', 'capacity', 'weight_capacity', 'max_leased', 'max_failures',
    'max_deliveries', 'lease_time', 'closed', 'weight', 'high_water', 'taking', 'last', 'tokens')
if not known[1] or known[2] ~= identity then
    return {'gone'}
elseif known[1] ~= '1' then
    return {'format', known[1]}
end
local capacity, weight_capacity = tonumber(known[3]), tonumber(known[4])
local max_leased, max_failures = tonumber(known[5]), tonumber(known[6])
local max_deliveries, lease_time = tonumber(known[7]), tonumber(known[8])
local closed = known[9] == '1'
local weight, high_water, taking = tonumber(known[10] or 0), tonumber(known[11] or 0), tonumber(known[12] or 0)
-- The entry that was lent last, and the lease that was numbered last.
local last, tokens = known[13], tonumber(known[14] or 0)

local answers = base .. 'answers:' .. session
if request ~= '0' then
    local told = call('HGET', answers, request)
    if told then
        return cmsgpack.unpack(told)
    end
end
-- That they are forgotten one day is seen to by each beat, and when the session is given up.
local function remember(reply)
    if request ~= '0' then
        call('HSET', answers, request, cmsgpack.pack(reply))
    end
    return reply
end

local function leased()
    return call('ZCARD', due)
end
local function waiting()
    return call('XLEN', items) - leased()
end
-- How many stand in any line. Where none does, nobody cares whether the buffer was idle.
local standing = call('HLEN', waiters)
local unfinished_before = standing > 0 and call('XLEN', items) or 0

local function weigh(change)
    if weight_capacity and change ~= 0 then
        weight = weight + change
        call('HINCRBY', meta, 'weight', change)
    end
end

local function see_depth(depth)
    if depth > high_water then
        high_water = depth
        call('HSET', meta, 'high_water', depth)
    end
end

-- The value of a field in an entry of a stream.
local function field(entry, name)
    for i = 1, #entry, 2 do
        if entry[i] == name then
            return entry[i + 1]
        end
    end
end

local function position(id)
    return tonumber(string.match(id, '^%d+'))
end

local function tried(id)
    local deliveries, failures = string.match(call('HGET', tries, id) or '0 0', '^(%d+) (%d+)$')
    return tonumber(deliveries), tonumber(failures)
end

-- Sets an item aside, which nobody holds any more.
local function bury(id, kind, reason)
    local entry = call('XRANGE', items, id, id)[1]
    if entry then
        local deliveries, failures = tried(id)
        local bytes = field(entry[2], 'b') or table.concat(entry[2], ' ')
        call('XADD', dead, '*', 'b', bytes, 'k', kind, 'r', reason, 'd', deliveries, 'f', failures,
            'w', field(entry[2], 'w') or 0)
        call('XDEL', items, id)
    end
    call('HDEL', tries, id)
end

-- Ends leases: {name of its item, weight} of each that there was, and false for one that there was not. Whoever asks says
-- what becomes of the items.
local function end_leases(ended)
    local found = call('HMGET', loans, unpack(ended))
    call('HDEL', loans, unpack(ended))
    call('ZREM', due, unpack(ended))
    local taken = 0
    for i, loan in ipairs(found) do
        if loan then
            local id, for_good, heavy = string.match(loan, '^(%S+) %S+ (%S+) (%S+)')
            taken = taken + for_good
            found[i] = {id, tonumber(heavy)}
        end
    end
    if taken > 0 then
        taking = taking - taken
        call('HINCRBY', meta, 'taking', -taken)
    end
    return found
end

local function give_back(id, heavy)
    local deliveries = tried(id)
    if max_deliveries and deliveries >= max_deliveries then
        return bury(id, 'd', '')
    end
    call('ZADD', back, position(id), id)
    weigh(heavy)
end

-- Nobody needs these any more, of which there is at least one.
local function finish(ids)
    call('XDEL', items, unpack(ids))
    call('HDEL', tries, unpack(ids))
    call('HINCRBY', meta, 'finished', #ids)
end

local operations = {}
