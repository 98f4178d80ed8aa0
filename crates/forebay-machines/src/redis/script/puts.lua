-- What producers do.

-- Drops the oldest that wait until there is room for one so heavy; how many. Fewer than it takes where somebody else
-- has taken items away.
local function make_room(heavy)
    local dropped = 0
    while not b.admits(heavy, 0, 0) do
        local entry = b.oldest(1)[1]
        if not entry then
            break
        end
        call('XDEL', b.items, entry[1])
        call('HINCRBY', b.meta, 'dropped', 1)
        dropped = dropped + 1
    end
    return dropped
end

-- handle, policy, waiter, whether it may stand in line, how many; bytes and weight of each.
function operations.put()
    local handle, policy, waiter, patient, count = b.argument(), b.argument(), b.argument(), b.argument() == '1', b.number()
    local oldest_dropped, these_dropped, why = 0, 0, 'done'
    local heavy = 0
    if b.closed then
        b.leave(waiter)
        return {'closed', 0, 0, 0, -1}
    end
    local placed = 0
    if not b.weight_capacity and b.standing == 0 then
        -- As many as there is room for, in one go.
        local depth = b.waiting()
        placed = math.max(0, math.min(count, b.capacity - depth - call('ZCARD', b.permits)))
        for i = b.next_argument, b.next_argument + 2 * placed - 2, 2 do
            b.place(ARGV[i], 0)
        end
        b.next_argument = b.next_argument + 2 * placed
        b.see_depth(depth + placed)
    end
    local at_once = placed
    for _ = at_once + 1, count do
        local bytes
        bytes, heavy = b.argument(), b.number()
        local before, others = b.ahead_for_room(waiter)
        local set_aside = call('ZCARD', b.permits)
        if b.weight_capacity and heavy > b.weight_capacity then
            why = 'heavy'
        elseif b.admits(heavy, before, others) then
            b.place(bytes, heavy)
            placed = placed + 1
            b.leave(waiter)
        elseif policy == 'this' then
            call('HINCRBY', b.meta, 'dropped', 1)
            these_dropped = these_dropped + 1
        elseif policy == 'oldest' and before == 0 and set_aside < b.capacity
            and (not b.weight_capacity or set_aside + heavy <= b.weight_capacity) then
            oldest_dropped = oldest_dropped + make_room(heavy)
            b.place(bytes, heavy)
            placed = placed + 1
        else
            why = 'full'
        end
        if why ~= 'done' then
            break
        end
    end
    if placed > at_once then
        b.see_depth(b.waiting())
    end
    if why ~= 'full' then
        b.leave(waiter)
    elseif patient then
        b.stand('room', waiter, handle, heavy)
    end
    b.wake()
    local reply = {why, placed, oldest_dropped, these_dropped, why == 'full' and b.pause() or -1}
    return placed + these_dropped > 0 and b.remember(reply) or reply
end

-- handle, how long they hold, waiter, whether it may stand in line, permits: as many as there is room for are given.
function operations.reserve()
    local handle, hold, waiter, patient = b.argument(), b.number(), b.argument(), b.argument() == '1'
    if b.closed then
        b.leave(waiter)
        return {'closed', -1}
    end
    local heavy = b.weight_capacity and 1 or 0
    local before, others = b.ahead_for_room(waiter)
    local given = 0
    for i = b.next_argument, #ARGV do
        if not b.admits(heavy, before, others) then
            break
        end
        call('ZADD', b.permits, b.now + hold, ARGV[i])
        given = given + 1
        if given == 1 then
            b.leave(waiter)
            -- Beyond the first it takes what belongs to nobody in line.
            before, others = b.ahead_for_room('')
        end
    end
    if given > 0 then
        b.wake()
        return b.remember({'done', -1, given})
    end
    if patient then
        b.stand('room', waiter, handle, heavy)
    end
    b.wake()
    return {'full', b.pause()}
end

-- permit, bytes and weight of each, up to the first that is refused. One that has lapsed is a put like any other.
function operations.permitted()
    local why = b.closed and 'closed' or 'done'
    local placed = false
    while b.next_argument <= #ARGV do
        local permit, bytes, heavy = b.argument(), b.argument(), b.number()
        if why == 'done' then
            if b.weight_capacity and heavy > 1 then
                why = 'heavy'
            elseif not call('ZSCORE', b.permits, permit) and not b.admits(heavy, b.ahead_for_room('')) then
                why = 'full'
            else
                b.place(bytes, heavy)
                placed = true
            end
        end
        call('ZREM', b.permits, permit)
    end
    if placed then
        b.see_depth(b.waiting())
    end
    b.wake()
    return b.remember({why})
end

-- permits.
function operations.release()
    call('ZREM', b.permits, unpack(ARGV, b.next_argument))
    b.wake()
    return {'done'}
end
