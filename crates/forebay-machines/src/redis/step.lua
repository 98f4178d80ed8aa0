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
    call('DEL', items, back, loans, due, tries, dead, permits, handles, sessions, room, takes, leases, idle, waiters)
    call('HSET', meta, 'format', 1, 'identity', identity, unpack(ARGV, 6))
    return {'made'}
end

-- Where memory is short, a script is refused at the first command that needs some, unless it has written before.
-- So puts are refused before anything is done, and all that makes room goes on. (A put that first has to see to what is
-- over by the clock may slip through.)
if operation ~= 'put' and operation ~= 'reserve' and operation ~= 'permitted' then
    call('HDEL', meta, '')
end

local known = call('HMGET', meta, 'format', 'identity', 'capacity', 'weight_capacity', 'max_leased', 'max_failures',
    'max_deliveries', 'lease_time', 'closed', 'weight', 'high_water', 'taking')
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

local answers = base .. 'answers:' .. session
if request ~= '0' then
    local told = call('HGET', answers, request)
    if told then
        return cmsgpack.unpack(told)
    end
end
local function remember(reply)
    if request ~= '0' then
        call('HSET', answers, request, cmsgpack.pack(reply))
        call('PEXPIRE', answers, REMEMBERED)
    end
    return reply
end

local function leased()
    return call('ZCARD', due)
end
local function waiting()
    return call('XLEN', items) - leased()
end
local unfinished_before = call('XLEN', items)

local function weigh(change)
    if weight_capacity and change ~= 0 then
        weight = weight + change
        call('HINCRBY', meta, 'weight', change)
    end
end

local function see_depth()
    local depth = waiting()
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

-- Ends a lease: the name of its item, for whoever says what becomes of that.
local function end_lease(token)
    local loan = call('HGET', loans, token)
    if not loan then
        return nil
    end
    call('HDEL', loans, token)
    call('ZREM', due, token)
    local id, for_good, heavy = string.match(loan, '^(%S+) %S+ (%S+) (%S+)')
    if for_good == '1' then
        taking = taking - 1
        call('HINCRBY', meta, 'taking', -1)
    end
    return id, tonumber(heavy)
end

local function give_back(id, heavy)
    local deliveries = tried(id)
    if max_deliveries and deliveries >= max_deliveries then
        return bury(id, 'd', '')
    end
    call('ZADD', back, position(id), id)
    weigh(heavy)
    see_depth()
end

-- Those who wait.

local function publish(waiter)
    local theirs, call_number = string.match(waiter, '^(.*):(%d+)$')
    call('PUBLISH', base .. 'wake:' .. theirs, call_number)
end

local function stands(waiter)
    return waiter ~= '' and call('HEXISTS', waiters, waiter) == 1
end

-- Leaves its line. What it waited is told for the handle, and for the side.
local function leave(waiter)
    local about = waiter ~= '' and call('HGET', waiters, waiter)
    if not about then
        return
    end
    local line, since, handle = string.match(about, '^(%S+) (%d+) (%S+)')
    call('ZREM', base .. line, waiter)
    call('HDEL', waiters, waiter)
    local waited = now - since
    if waited > 0 then
        if line == 'room' then
            call('HINCRBY', meta, 'producer_wait', waited)
        elseif line ~= 'idle' then
            call('HINCRBY', meta, 'consumer_wait', waited)
            call('HINCRBY', handles, handle .. ' waited', waited)
        end
    end
end

-- Stands at the end of a line, or stays where it is.
local function stand(line, waiter, handle, heavy)
    local about = call('HGET', waiters, waiter)
    if about then
        call('HSET', waiters, waiter, string.match(about, '^%S+ %d+ %S+') .. ' ' .. heavy)
        return
    end
    call('ZADD', base .. line, call('HINCRBY', meta, 'tickets', 1), waiter)
    call('HSET', waiters, waiter, line .. ' ' .. now .. ' ' .. handle .. ' ' .. heavy)
end

-- How many stand in the line of room before this one, and what their items weigh together.
local function ahead_for_room(waiter)
    if call('HLEN', waiters) == 0 then
        return 0, 0
    end
    local rank = waiter ~= '' and call('ZRANK', room, waiter)
    local count = rank or call('ZCARD', room)
    local heavy = 0
    if weight_capacity and count > 0 then
        for _, one in ipairs(call('ZRANGE', room, 0, count - 1)) do
            heavy = heavy + string.match(call('HGET', waiters, one), '(%S+)$')
        end
    end
    return count, heavy
end

-- Whether there is room for one more, so heavy, beside so many others.
local function admits(heavy, count, others)
    local set_aside = call('ZCARD', permits)
    return waiting() + set_aside + count < capacity
        and (not weight_capacity or weight + set_aside + others + heavy <= weight_capacity)
end

-- How many more may be out on lease.
local function leasable()
    return max_leased - (leased() - taking)
end

-- How many items, and how many leases, belong to those who stand before this one; where nobody does, to everyone.
local function ahead_for_items(waiter)
    if call('HLEN', waiters) == 0 then
        return 0, 0
    end
    local before = waiter ~= '' and (call('ZSCORE', takes, waiter) or call('ZSCORE', leases, waiter))
    local until_then = before and '(' .. before or '+inf'
    local borrowing = math.min(call('ZCOUNT', leases, '-inf', until_then), math.max(leasable(), 0))
    return call('ZCOUNT', takes, '-inf', until_then) + borrowing, borrowing
end

-- Calls the first of each line, if there is something for it. Whoever is served calls the next.
local function wake()
    if call('HLEN', waiters) == 0 then
        return
    end
    if unfinished_before > 0 and call('XLEN', items) == 0 then
        call('HINCRBY', meta, 'idles', 1)
        for _, waiter in ipairs(call('ZRANGE', idle, 0, -1)) do
            publish(waiter)
        end
    end
    local first = call('ZRANGE', room, 0, 0)[1]
    if first and (closed or admits(tonumber(string.match(call('HGET', waiters, first), '(%S+)$')), 0, 0)) then
        publish(first)
    end
    local depth = waiting()
    for _, line in ipairs({takes, leases}) do
        first = call('ZRANGE', line, 0, 0)[1]
        if first and depth > (ahead_for_items(first)) and (line == takes or leasable() > 0) then
            publish(first)
        end
    end
    if closed then
        for _, line in ipairs(depth == 0 and {room, takes, leases} or {room}) do
            for _, waiter in ipairs(call('ZRANGE', line, 0, -1)) do
                publish(waiter)
            end
        end
    end
end

-- How long until something happens by the clock, in milliseconds; -1: nothing does.
local function pause()
    local soonest = -1
    for _, deadlines in ipairs({due, permits}) do
        local first = call('ZRANGE', deadlines, 0, 0, 'WITHSCORES')[2]
        if first and (soonest < 0 or first - now < soonest) then
            soonest = math.max(first - now, 0)
        end
    end
    return soonest
end

local function depart(handle)
    local gone = call('HMGET', handles, handle, handle .. ' items')
    if gone[1] then
        call('HINCRBY', meta, 'departed', gone[2] or 0)
        call('HDEL', handles, handle, handle .. ' items', handle .. ' waited')
    end
end

-- What is over by the clock.
local function sweep()
    for _, token in ipairs(call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, AT_ONCE)) do
        local id, heavy = end_lease(token)
        if id then
            give_back(id, heavy)
        else
            call('ZREM', due, token)
        end
    end
    if call('ZCOUNT', permits, '-inf', now) > 0 then
        call('ZREMRANGEBYSCORE', permits, '-inf', now)
    end
    for _, gone in ipairs(call('ZRANGEBYSCORE', sessions, '-inf', now, 'LIMIT', 0, AT_ONCE)) do
        call('ZREM', sessions, gone)
        local theirs = gone .. ':'
        for _, waiter in ipairs(call('HKEYS', waiters)) do
            if string.sub(waiter, 1, #theirs) == theirs then
                leave(waiter)
            end
        end
        for _, handle in ipairs(call('HKEYS', handles)) do
            if string.sub(handle, 1, #theirs) == theirs and not string.find(handle, ' ') then
                depart(handle)
            end
        end
    end
end

-- Puts an item at the end, room or not.
local function place(bytes, heavy)
    local own = call('HINCRBY', meta, 'next', 1) - 1
    local entry = {'b', bytes}
    if weight_capacity then
        entry = {'b', bytes, 'w', heavy}
    end
    local added = redis.pcall('XADD', items, string.format('%.0f-1', own), unpack(entry))
    if type(added) == 'table' and added.err then
        -- Somebody else wrote to the stream: what is put now comes after that.
        local last = field(call('XINFO', 'STREAM', items), 'last-generated-id')
        own = position(last) + 1
        call('HSET', meta, 'next', string.format('%.0f', own + 1))
        call('XADD', items, string.format('%.0f-1', own), unpack(entry))
    end
    weigh(heavy)
end

-- Takes the oldest that wait out of the waiting, at most so many: {name, entry} of each.
local function oldest(count)
    local found = {}
    for _, id in ipairs(call('ZRANGE', back, 0, count - 1)) do
        call('ZREM', back, id)
        local entry = call('XRANGE', items, id, id)[1]
        if entry then
            found[#found + 1] = entry
        else
            -- Somebody else deleted it.
            call('HDEL', tries, id)
        end
    end
    while #found < count do
        local last = call('HGET', meta, 'last') or '-'
        local new = call('XRANGE', items, last == '-' and '-' or '(' .. last, '+', 'COUNT', count - #found)
        if #new == 0 then
            break
        end
        call('HSET', meta, 'last', new[#new][1])
        for _, entry in ipairs(new) do
            if field(entry[2], 'b') then
                found[#found + 1] = entry
            else
                bury(entry[1], 'r', 'it was not put by a producer')
            end
        end
    end
    for _, entry in ipairs(found) do
        weigh(-(field(entry[2], 'w') or 0))
    end
    return found
end

-- Drops the oldest that wait until there is room for one so heavy; how many. Fewer than it takes where somebody else
-- has taken items away.
local function make_room(heavy)
    local dropped = 0
    while not admits(heavy, 0, 0) do
        local entry = oldest(1)[1]
        if not entry then
            break
        end
        call('XDEL', items, entry[1])
        call('HDEL', tries, entry[1])
        call('HINCRBY', meta, 'dropped', 1)
        dropped = dropped + 1
    end
    return dropped
end

local operations = {}

-- handle, policy, waiter, whether it may stand in line, how many; bytes and weight of each.
function operations.put()
    local handle, policy, waiter, patient, count = argument(), argument(), argument(), argument() == '1', number()
    local placed, oldest_dropped, these_dropped, why = 0, 0, 0, 'done'
    local heavy = 0
    if closed then
        leave(waiter)
        return {'closed', 0, 0, 0, -1}
    end
    for _ = 1, count do
        local bytes
        bytes, heavy = argument(), number()
        local before, others = ahead_for_room(waiter)
        if weight_capacity and heavy > weight_capacity then
            why = 'heavy'
        elseif admits(heavy, before, others) then
            place(bytes, heavy)
            placed = placed + 1
            leave(waiter)
        elseif policy == 'this' then
            call('HINCRBY', meta, 'dropped', 1)
            these_dropped = these_dropped + 1
        elseif policy == 'oldest' and before == 0 and call('ZCARD', permits) < capacity
            and (not weight_capacity or call('ZCARD', permits) + heavy <= weight_capacity) then
            oldest_dropped = oldest_dropped + make_room(heavy)
            place(bytes, heavy)
            placed = placed + 1
        else
            why = 'full'
        end
        if why ~= 'done' then
            break
        end
    end
    see_depth()
    if why ~= 'full' then
        leave(waiter)
    elseif patient then
        stand('room', waiter, handle, heavy)
    end
    wake()
    local reply = {why, placed, oldest_dropped, these_dropped, why == 'full' and pause() or -1}
    return placed + these_dropped > 0 and remember(reply) or reply
end

-- handle, permit, how long it holds, waiter, whether it may stand in line.
function operations.reserve()
    local handle, permit, hold, waiter, patient = argument(), argument(), number(), argument(), argument() == '1'
    if closed then
        leave(waiter)
        return {'closed', -1}
    end
    local heavy = weight_capacity and 1 or 0
    local before, others = ahead_for_room(waiter)
    if admits(heavy, before, others) then
        call('ZADD', permits, now + hold, permit)
        leave(waiter)
        wake()
        return remember({'done', -1})
    end
    if patient then
        stand('room', waiter, handle, heavy)
    end
    wake()
    return {'full', pause()}
end

-- permit, bytes, weight. One that has lapsed is a put like any other.
function operations.permitted()
    local permit, bytes, heavy = argument(), argument(), number()
    local held = call('ZSCORE', permits, permit)
    local why = 'done'
    if closed then
        why = 'closed'
    elseif weight_capacity and heavy > 1 then
        why = 'heavy'
    elseif not held and not admits(heavy, ahead_for_room('')) then
        why = 'full'
    end
    if why == 'done' then
        place(bytes, heavy)
        see_depth()
    end
    call('ZREM', permits, permit)
    wake()
    return remember({why})
end

-- permit.
function operations.release()
    call('ZREM', permits, argument())
    wake()
    return {'done'}
end

-- handle, how many at most, 'lease' or 'take' or 'hold' (a take that may be undone), how long the lease lives unless it
-- is renewed, waiter, whether it may stand in line.
function operations.lease()
    local handle, most, how, hold = argument(), number(), argument(), number()
    local waiter, patient = argument(), argument() == '1'
    local for_good = how ~= 'lease'
    local depth, limit = waiting(), leasable()
    local before, borrowing = ahead_for_items(waiter)
    if depth > before and (for_good or limit > borrowing) then
        local count = 1
        if most > 1 then
            -- Beyond the first it takes what belongs to nobody in line.
            leave(waiter)
            local others, theirs = ahead_for_items('')
            count = math.max(1, math.min(most, depth - others))
            if not for_good then
                count = math.max(1, math.min(count, limit - theirs))
            end
        end
        local found = oldest(count)
        if #found > 0 then
            leave(waiter)
            local reply = {'done', -1}
            call('HINCRBY', handles, handle .. ' items', #found)
            for _, entry in ipairs(found) do
                local id, heavy = entry[1], tonumber(field(entry[2], 'w') or 0)
                local deliveries, failures = tried(id)
                local token = 0
                if how == 'take' then
                    call('XDEL', items, id)
                    call('HDEL', tries, id)
                    call('HINCRBY', meta, 'finished', 1)
                else
                    token = call('HINCRBY', meta, 'tokens', 1)
                    local deadline = not for_good and lease_time and now + lease_time or 0
                    local ends = deadline > 0 and math.min(deadline, now + hold) or now + hold
                    call('HSET', tries, id, (deliveries + 1) .. ' ' .. failures)
                    call('HSET', loans, token,
                        id .. ' ' .. handle .. ' ' .. (for_good and 1 or 0) .. ' ' .. heavy .. ' ' .. deadline)
                    call('ZADD', due, ends, token)
                    if for_good then
                        taking = taking + 1
                        call('HINCRBY', meta, 'taking', 1)
                    end
                end
                reply[#reply + 1] =
                    {token, position(id), deliveries + 1, failures, field(entry[2], 'b')}
            end
            wake()
            return remember(reply)
        end
        depth = waiting()
    end
    local why = depth > before and 'limit' or 'empty'
    if closed and depth == 0 then
        -- Its own leases do not keep a consumer from the end: it knows what it holds.
        why = 'closed'
        for _, loan in ipairs(call('HVALS', loans)) do
            if string.match(loan, '^%S+ (%S+)') ~= handle then
                why = 'empty'
            end
        end
    end
    if why == 'closed' then
        leave(waiter)
    elseif patient then
        stand(for_good and 'takes' or 'leases', waiter, handle, 0)
    end
    wake()
    return {why, pause()}
end

-- 'ack', 'nack', 'fail', 'reject' or 'undo' (as if it had not been lent), reason, tokens. 1 for each that was held.
function operations.answer()
    local how, reason = argument(), argument()
    local reply = {'done'}
    for i = next_argument, #ARGV do
        local id, heavy = end_lease(ARGV[i])
        reply[#reply + 1] = id and 1 or 0
        if not id then
            -- Another has it.
        elseif how == 'ack' then
            call('XDEL', items, id)
            call('HDEL', tries, id)
            call('HINCRBY', meta, 'finished', 1)
        elseif how == 'reject' then
            bury(id, 'r', reason)
        else
            local deliveries, failures = tried(id)
            if how == 'fail' then
                failures = failures + 1
                call('HSET', tries, id, deliveries .. ' ' .. failures)
            elseif how == 'undo' then
                call('HSET', tries, id, (deliveries - 1) .. ' ' .. failures)
            end
            if how == 'fail' and max_failures and failures >= max_failures then
                bury(id, 'f', reason)
            else
                give_back(id, heavy)
            end
        end
    end
    wake()
    return remember(reply)
end

-- token, duration, how long the lease lives unless it is renewed.
function operations.extend()
    local token, duration, hold = argument(), number(), number()
    local loan = call('HGET', loans, token)
    if not loan then
        return {'done', 0}
    end
    local front, deadline = string.match(loan, '^(.*) (%d+)$')
    if deadline ~= '0' then
        call('HSET', loans, token, string.format('%s %.0f', front, now + duration))
        call('ZADD', due, math.min(now + duration, now + hold), token)
        -- Those who wait look again at what comes next by the clock.
        for _, line in ipairs({takes, leases}) do
            for _, waiter in ipairs(call('ZRANGE', line, 0, -1)) do
                publish(waiter)
            end
        end
    end
    return {'done', 1}
end

-- waiter.
function operations.leave()
    leave(argument())
    wake()
    return {'done'}
end

-- handle, 'p' or 'c'.
local function enroll(handle, kind)
    if call('HEXISTS', handles, handle) == 0 then
        local own = kind == 'c' and call('HINCRBY', meta, 'consumers', 1) - 1 or 0
        call('HSET', handles, handle, kind .. ' ' .. own)
    end
end

-- how long the session lives until the next, handle, kind.
function operations.enroll()
    call('ZADD', sessions, now + number(), session)
    enroll(argument(), argument())
    return {'done'}
end

-- handle.
function operations.depart()
    depart(argument())
    return {'done'}
end

-- how long the session lives until the next, how long leases and permits do; how many handles, and each with its kind;
-- how many leases, and each; permits.
function operations.beat()
    local life, hold = number(), number()
    call('ZADD', sessions, now + life, session)
    for _ = 1, number() do
        enroll(argument(), argument())
    end
    for _ = 1, number() do
        local token = argument()
        local deadline = tonumber(string.match(call('HGET', loans, token) or '-1', '(%S+)$'))
        if deadline == 0 then
            call('ZADD', due, now + hold, token)
        elseif deadline > 0 then
            call('ZADD', due, math.min(deadline, now + hold), token)
        end
    end
    for i = next_argument, #ARGV do
        call('ZADD', permits, 'XX', now + hold, ARGV[i])
    end
    -- So that it hears when its wakes do not come through any more.
    call('PUBLISH', base .. 'wake:' .. session, '-')
    wake()
    return {'done'}
end

function operations.close()
    if not closed then
        closed = true
        call('HSET', meta, 'closed', 1)
        wake()
    end
    return {'done'}
end

-- waiter, whether it may stand in line, how often the buffer had been idle when the join began (-1: it begins now).
function operations.join()
    local waiter, patient, begun = argument(), argument() == '1', number()
    local idles = tonumber(call('HGET', meta, 'idles') or 0)
    if call('XLEN', items) == 0 or (begun >= 0 and idles > begun) then
        leave(waiter)
        return {'done', idles, -1}
    end
    if patient then
        stand('idle', waiter, '-', 0)
    end
    return {'busy', idles, pause()}
end

function operations.look()
    wake()
    local counts = call('HMGET', meta, 'finished', 'dropped', 'departed', 'producer_wait', 'consumer_wait')
    return {
        'done', waiting(), leased(), call('XLEN', dead), call('ZCARD', permits), weight, high_water,
        closed and 1 or 0, call('ZCARD', room), call('ZCARD', takes) + call('ZCARD', leases),
        tonumber(counts[1] or 0), tonumber(counts[2] or 0), tonumber(counts[3] or 0), tonumber(counts[4] or 0),
        tonumber(counts[5] or 0), call('HGETALL', handles),
    }
end

-- the dead letter that was seen last, or '-'; how many.
function operations.letters()
    local after, count = argument(), argument()
    return {'done', call('XRANGE', dead, after == '-' and '-' or '(' .. after, '+', 'COUNT', count)}
end

-- bytes, deliveries, failures, reason: of an item that was taken, and cannot be read.
function operations.entomb()
    call('HINCRBY', meta, 'finished', -1)
    call('XADD', dead, '*', 'b', argument(), 'd', argument(), 'f', argument(), 'w', 0, 'k', 'r', 'r', argument())
    return remember({'done'})
end

-- dead letter.
function operations.purge()
    local purged = call('XDEL', dead, argument())
    call('HINCRBY', meta, 'dropped', purged)
    return remember({'done', purged})
end

-- dead letter. It is put at the end, as if it had never been there.
function operations.retry()
    local id = argument()
    local entry = call('XRANGE', dead, id, id)[1]
    if entry then
        call('XDEL', dead, id)
        place(field(entry[2], 'b'), tonumber(field(entry[2], 'w')))
        see_depth()
        wake()
    end
    return remember({'done', entry and 1 or 0})
end

function operations.delete()
    for _, waiter in ipairs(call('HKEYS', waiters)) do
        publish(waiter)
    end
    for _, one in ipairs(call('ZRANGE', sessions, 0, -1)) do
        call('DEL', base .. 'answers:' .. one)
    end
    call('DEL', meta, items, back, loans, due, tries, dead, permits, handles, sessions, room, takes, leases, idle, waiters)
    return {'done'}
end

sweep()
local reply = operations[operation]()
-- After the step: before, it would be the first to write.
for one in string.gmatch(arrived, '%S+') do
    call('HDEL', answers, one)
end
return reply
