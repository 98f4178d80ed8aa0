-- What concerns the buffer as a whole, and those who use it.

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
    give_up()
    call('ZADD', sessions, now + life, session)
    call('PEXPIRE', answers, REMEMBERED)
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
    give_up()
    wake()
    local counts = call('HMGET', meta, 'finished', 'dropped', 'departed', 'producer_wait', 'consumer_wait')
    return {
        'done', waiting(), leased(), call('XLEN', dead), call('ZCARD', permits), weight, high_water,
        closed and 1 or 0, call('ZCARD', room), call('ZCARD', takes) + call('ZCARD', leases),
        tonumber(counts[1] or 0), tonumber(counts[2] or 0), tonumber(counts[3] or 0), tonumber(counts[4] or 0),
        tonumber(counts[5] or 0), call('HGETALL', handles),
    }
end

-- the item that was seen last, or '-'; how many.
function operations.items()
    local after, count = argument(), argument()
    return {'done', call('XRANGE', items, after == '-' and '-' or '(' .. after, '+', 'COUNT', count)}
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
        place({{field(entry[2], 'b'), tonumber(field(entry[2], 'w'))}})
        see_depth(waiting())
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
    if group then
        call('SREM', groups, group)
    end
    call('DEL', meta, items, back, loans, due, tries, dead, permits, handles, sessions, room, takes, leases, idle, waiters)
    return {'done'}
end

sweep()
local reply = operations[operation]()
-- After the step: before, it would be the first to write.
local known_to_arrive = {}
for one in string.gmatch(arrived, '%S+') do
    known_to_arrive[#known_to_arrive + 1] = one
end
if #known_to_arrive > 0 then
    call('HDEL', answers, unpack(known_to_arrive))
end
return reply
