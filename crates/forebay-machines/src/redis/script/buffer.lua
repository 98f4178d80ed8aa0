-- What concerns the buffer as a whole, and those who use it.

-- waiter.
function operations.leave()
    b.leave(b.argument())
    b.wake()
    return {'done'}
end

-- handle, 'p' or 'c'.
local function enroll(handle, kind)
    if call('HEXISTS', b.handles, handle) == 0 then
        local own = kind == 'c' and call('HINCRBY', b.meta, 'consumers', 1) - 1 or 0
        call('HSET', b.handles, handle, kind .. ' ' .. own)
    end
end

local function depart(handle)
    local gone = call('HMGET', b.handles, handle, handle .. ' items')
    if gone[1] then
        call('HINCRBY', b.meta, 'departed', gone[2] or 0)
        call('HDEL', b.handles, handle, handle .. ' items', handle .. ' waited')
    end
end

-- Sessions that were not heard of for too long.
local function give_up()
    local sessions = b.base .. 'sessions'
    for _, gone in ipairs(call('ZRANGEBYSCORE', sessions, '-inf', b.now, 'LIMIT', 0, b.AT_ONCE)) do
        call('ZREM', sessions, gone)
        call('PEXPIRE', b.base .. 'answers:' .. gone, b.REMEMBERED)
        local theirs = gone .. ':'
        for _, waiter in ipairs(call('HKEYS', b.waiters)) do
            if string.sub(waiter, 1, #theirs) == theirs then
                b.leave(waiter)
            end
        end
        for _, handle in ipairs(call('HKEYS', b.handles)) do
            if string.sub(handle, 1, #theirs) == theirs and not string.find(handle, ' ') then
                depart(handle)
            end
        end
    end
end

-- how long the session lives until the next, handle, kind.
function operations.enroll()
    call('ZADD', b.base .. 'sessions', b.now + b.number(), b.session)
    enroll(b.argument(), b.argument())
    return {'done'}
end

-- handle.
function operations.depart()
    depart(b.argument())
    return {'done'}
end

-- how long the session lives until the next, how long leases and permits do; how many handles, and each with its kind;
-- how many leases, and each; permits.
function operations.beat()
    local life, hold = b.number(), b.number()
    give_up()
    call('ZADD', b.base .. 'sessions', b.now + life, b.session)
    call('PEXPIRE', b.answers, b.REMEMBERED)
    for _ = 1, b.number() do
        enroll(b.argument(), b.argument())
    end
    for _ = 1, b.number() do
        local token = b.argument()
        local deadline = tonumber(string.match(call('HGET', b.loans, token) or '-1', '(%S+)$'))
        if deadline == 0 then
            call('ZADD', b.due, b.now + hold, token)
        elseif deadline > 0 then
            call('ZADD', b.due, math.min(deadline, b.now + hold), token)
        end
    end
    for i = b.next_argument, #ARGV do
        call('ZADD', b.permits, 'XX', b.now + hold, ARGV[i])
    end
    -- So that it hears when its wakes do not come through any more.
    call('PUBLISH', b.base .. 'wake:' .. b.session, '-')
    b.wake()
    return {'done'}
end

function operations.close()
    if not b.closed then
        b.closed = true
        call('HSET', b.meta, 'closed', 1)
        b.wake()
    end
    return {'done'}
end

-- waiter, whether it may stand in line, how often the buffer had been idle when the join began (-1: it begins now).
function operations.join()
    local waiter, patient, begun = b.argument(), b.argument() == '1', b.number()
    local idles = tonumber(call('HGET', b.meta, 'idles') or 0)
    if call('XLEN', b.items) == 0 or (begun >= 0 and idles > begun) then
        b.leave(waiter)
        return {'done', idles, -1}
    end
    if patient then
        b.stand('idle', waiter, '-', 0)
    end
    return {'busy', idles, b.pause()}
end

function operations.look()
    give_up()
    b.wake()
    local counts = call('HMGET', b.meta, 'dropped', 'departed', 'producer_wait', 'consumer_wait')
    return {
        'done', b.waiting(), b.leased(), call('XLEN', b.base .. 'dead'), call('ZCARD', b.permits), b.weight, b.high_water,
        b.closed and 1 or 0, call('ZCARD', b.base .. 'room'),
        call('ZCARD', b.base .. 'takes') + call('ZCARD', b.base .. 'leases'), b.finished, tonumber(counts[1] or 0),
        tonumber(counts[2] or 0), tonumber(counts[3] or 0), tonumber(counts[4] or 0), call('HGETALL', b.handles),
    }
end

-- the item that was seen last, or '-'; how many.
function operations.items()
    local after, count = b.argument(), b.argument()
    return {'done', call('XRANGE', b.items, after == '-' and '-' or '(' .. after, '+', 'COUNT', count)}
end

-- the dead letter that was seen last, or '-'; how many.
function operations.letters()
    local after, count = b.argument(), b.argument()
    return {'done', call('XRANGE', b.base .. 'dead', after == '-' and '-' or '(' .. after, '+', 'COUNT', count)}
end

-- bytes, deliveries, failures, reason: of an item that was taken, and cannot be read.
function operations.entomb()
    b.set('finished', b.finished - 1)
    call('XADD', b.base .. 'dead', '*', 'b', b.argument(), 'd', b.argument(), 'f', b.argument(), 'w', 0, 'k', 'r',
        'r', b.argument())
    return b.remember({'done'})
end

-- dead letter.
function operations.purge()
    local purged = call('XDEL', b.base .. 'dead', b.argument())
    call('HINCRBY', b.meta, 'dropped', purged)
    return b.remember({'done', purged})
end

-- dead letter. It is put at the end, as if it had never been there.
function operations.retry()
    local id, dead = b.argument(), b.base .. 'dead'
    local entry = call('XRANGE', dead, id, id)[1]
    if entry then
        call('XDEL', dead, id)
        b.place(b.field(entry[2], 'b'), tonumber(b.field(entry[2], 'w')))
        b.see_depth(b.waiting())
        b.wake()
    end
    return b.remember({'done', entry and 1 or 0})
end

function operations.delete()
    for _, waiter in ipairs(call('HKEYS', b.waiters)) do
        b.publish(waiter)
    end
    for _, one in ipairs(call('ZRANGE', b.base .. 'sessions', 0, -1)) do
        call('DEL', b.base .. 'answers:' .. one)
    end
    local _, groups, group = topic()
    if group then
        call('SREM', groups, group)
    end
    for _, name in ipairs({'tries', 'dead', 'sessions', 'room', 'takes', 'leases', 'idle'}) do
        call('DEL', b.base .. name)
    end
    call('DEL', b.meta, b.items, b.back, b.loans, b.due, b.permits, b.handles, b.waiters)
    b.changed = {}
    return {'done'}
end
