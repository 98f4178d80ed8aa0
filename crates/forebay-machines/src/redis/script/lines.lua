-- Those who wait: four lines, and whom to call.

local function publish(waiter)
    local theirs, call_number = string.match(waiter, '^(.*):(%d+)$')
    call('PUBLISH', base .. 'wake:' .. theirs, call_number)
end

local function stands(waiter)
    return waiter ~= '' and call('HEXISTS', waiters, waiter) == 1
end

-- Leaves its line. What it waited is told for the handle, and for the side.
local function leave(waiter)
    local about = standing > 0 and waiter ~= '' and call('HGET', waiters, waiter)
    if not about then
        return
    end
    standing = standing - 1
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
    standing = standing + 1
    call('ZADD', base .. line, call('HINCRBY', meta, 'tickets', 1), waiter)
    call('HSET', waiters, waiter, line .. ' ' .. now .. ' ' .. handle .. ' ' .. heavy)
end

-- How many stand in the line of room before this one, and what their items weigh together.
local function ahead_for_room(waiter)
    if standing == 0 then
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
    if standing == 0 then
        return 0, 0
    end
    local before = waiter ~= '' and (call('ZSCORE', takes, waiter) or call('ZSCORE', leases, waiter))
    local until_then = before and '(' .. before or '+inf'
    local borrowing = math.min(call('ZCOUNT', leases, '-inf', until_then), math.max(leasable(), 0))
    return call('ZCOUNT', takes, '-inf', until_then) + borrowing, borrowing
end

-- Calls the first of each line, if there is something for it. Whoever is served calls the next.
local function wake()
    if standing == 0 then
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
    local over = call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, AT_ONCE)
    if #over > 0 then
        for _, loan in ipairs(end_leases(over)) do
            if loan then
                give_back(unpack(loan))
            end
        end
        see_depth(waiting())
    end
    if call('ZCARD', permits) > 0 then
        call('ZREMRANGEBYSCORE', permits, '-inf', now)
    end
end

-- Sessions that were not heard of for too long.
local function give_up()
    for _, gone in ipairs(call('ZRANGEBYSCORE', sessions, '-inf', now, 'LIMIT', 0, AT_ONCE)) do
        call('ZREM', sessions, gone)
        call('PEXPIRE', base .. 'answers:' .. gone, REMEMBERED)
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
