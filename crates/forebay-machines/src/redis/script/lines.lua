-- Those who wait: four lines, and whom to call.

function b.publish(waiter)
    local theirs, call_number = string.match(waiter, '^(.*):(%d+)$')
    call('PUBLISH', b.base .. 'wake:' .. theirs, call_number)
end

-- Leaves its line. What it waited is told for the handle, and for the side.
function b.leave(waiter)
    local about = b.standing > 0 and waiter ~= '' and call('HGET', b.waiters, waiter)
    if not about then
        return
    end
    b.standing = b.standing - 1
    local line, since, handle = string.match(about, '^(%S+) (%d+) (%S+)')
    call('ZREM', b.base .. line, waiter)
    call('HDEL', b.waiters, waiter)
    local waited = b.now - since
    if waited > 0 then
        if line == 'room' then
            call('HINCRBY', b.meta, 'producer_wait', waited)
        elseif line ~= 'idle' then
            call('HINCRBY', b.meta, 'consumer_wait', waited)
            call('HINCRBY', b.handles, handle .. ' waited', waited)
        end
    end
end

-- Stands at the end of a line, or stays where it is.
function b.stand(line, waiter, handle, heavy)
    local about = call('HGET', b.waiters, waiter)
    if about then
        call('HSET', b.waiters, waiter, string.match(about, '^%S+ %d+ %S+') .. ' ' .. heavy)
        return
    end
    b.standing = b.standing + 1
    call('ZADD', b.base .. line, call('HINCRBY', b.meta, 'tickets', 1), waiter)
    call('HSET', b.waiters, waiter, line .. ' ' .. b.now .. ' ' .. handle .. ' ' .. heavy)
end

-- How many stand in the line of room before this one, and what their items weigh together.
function b.ahead_for_room(waiter)
    if b.standing == 0 then
        return 0, 0
    end
    local room = b.base .. 'room'
    local rank = waiter ~= '' and call('ZRANK', room, waiter)
    local count = rank or call('ZCARD', room)
    local heavy = 0
    if b.weight_capacity and count > 0 then
        for _, one in ipairs(call('ZRANGE', room, 0, count - 1)) do
            heavy = heavy + string.match(call('HGET', b.waiters, one), '(%S+)$')
        end
    end
    return count, heavy
end

-- Whether there is room for one more, so heavy, beside so many others.
function b.admits(heavy, count, others)
    local set_aside = call('ZCARD', b.permits)
    return b.waiting() + set_aside + count < b.capacity
        and (not b.weight_capacity or b.weight + set_aside + others + heavy <= b.weight_capacity)
end

-- How many more may be out on lease.
function b.leasable()
    return b.max_leased - (b.leased() - b.taking)
end

-- How many items, and how many leases, belong to those who stand before this one; where nobody does, to everyone.
function b.ahead_for_items(waiter)
    if b.standing == 0 then
        return 0, 0
    end
    local takes, leases = b.base .. 'takes', b.base .. 'leases'
    local before = waiter ~= '' and (call('ZSCORE', takes, waiter) or call('ZSCORE', leases, waiter))
    local until_then = before and '(' .. before or '+inf'
    local borrowing = math.min(call('ZCOUNT', leases, '-inf', until_then), math.max(b.leasable(), 0))
    return call('ZCOUNT', takes, '-inf', until_then) + borrowing, borrowing
end

-- Calls the first of each line, if there is something for it. Whoever is served calls the next.
function b.wake()
    if b.standing == 0 then
        return
    end
    if b.unfinished_before > 0 and call('XLEN', b.items) == 0 then
        call('HINCRBY', b.meta, 'idles', 1)
        for _, waiter in ipairs(call('ZRANGE', b.base .. 'idle', 0, -1)) do
            b.publish(waiter)
        end
    end
    local room = b.base .. 'room'
    local first = call('ZRANGE', room, 0, 0)[1]
    if first and (b.closed or b.admits(tonumber(string.match(call('HGET', b.waiters, first), '(%S+)$')), 0, 0)) then
        b.publish(first)
    end
    local depth = b.waiting()
    local takes, leases = b.base .. 'takes', b.base .. 'leases'
    for _, line in ipairs({takes, leases}) do
        first = call('ZRANGE', line, 0, 0)[1]
        if first and depth > (b.ahead_for_items(first)) and (line == takes or b.leasable() > 0) then
            b.publish(first)
        end
    end
    if b.closed then
        for _, line in ipairs(depth == 0 and {room, takes, leases} or {room}) do
            for _, waiter in ipairs(call('ZRANGE', line, 0, -1)) do
                b.publish(waiter)
            end
        end
    end
end

-- How long until something happens by the clock, in milliseconds; -1: nothing does.
function b.pause()
    local soonest = -1
    for _, deadlines in ipairs({b.due, b.permits}) do
        local first = call('ZRANGE', deadlines, 0, 0, 'WITHSCORES')[2]
        if first and (soonest < 0 or first - b.now < soonest) then
            soonest = math.max(first - b.now, 0)
        end
    end
    return soonest
end
