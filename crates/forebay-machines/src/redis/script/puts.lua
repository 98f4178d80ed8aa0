-- What producers do.

-- handle, policy, waiter, whether it may stand in line, how many; bytes and weight of each.
function operations.put()
    local handle, policy, waiter, patient, count = argument(), argument(), argument(), argument() == '1', number()
    local placed, oldest_dropped, these_dropped, why = 0, 0, 0, 'done'
    local heavy = 0
    if closed then
        leave(waiter)
        return {'closed', 0, 0, 0, -1}
    end
    local at_once = 0
    if not weight_capacity and standing == 0 then
        -- As many as there is room for, in one go.
        local depth = waiting()
        local new = {}
        for i = 1, math.min(count, capacity - depth - call('ZCARD', permits)) do
            new[i] = {argument(), number()}
        end
        at_once = #new
        if at_once > 0 then
            place(new)
            see_depth(depth + at_once)
        end
    end
    for _ = at_once + 1, count do
        local bytes
        bytes, heavy = argument(), number()
        local before, others = ahead_for_room(waiter)
        if weight_capacity and heavy > weight_capacity then
            why = 'heavy'
        elseif admits(heavy, before, others) then
            place({{bytes, heavy}})
            placed = placed + 1
            leave(waiter)
        elseif policy == 'this' then
            call('HINCRBY', meta, 'dropped', 1)
            these_dropped = these_dropped + 1
        elseif policy == 'oldest' and before == 0 and call('ZCARD', permits) < capacity
            and (not weight_capacity or call('ZCARD', permits) + heavy <= weight_capacity) then
            oldest_dropped = oldest_dropped + make_room(heavy)
            place({{bytes, heavy}})
            placed = placed + 1
        else
            why = 'full'
        end
        if why ~= 'done' then
            break
        end
    end
    if placed > 0 then
        see_depth(waiting())
    end
    placed = placed + at_once
    if why ~= 'full' then
        leave(waiter)
    elseif patient then
        stand('room', waiter, handle, heavy)
    end
    wake()
    local reply = {why, placed, oldest_dropped, these_dropped, why == 'full' and pause() or -1}
    return placed + these_dropped > 0 and remember(reply) or reply
end

-- handle, how long they hold, waiter, whether it may stand in line, permits: as many as there is room for are given.
function operations.reserve()
    local handle, hold, waiter, patient = argument(), number(), argument(), argument() == '1'
    if closed then
        leave(waiter)
        return {'closed', -1}
    end
    local heavy = weight_capacity and 1 or 0
    local before, others = ahead_for_room(waiter)
    local given = 0
    for i = next_argument, #ARGV do
        if not admits(heavy, before, others) then
            break
        end
        call('ZADD', permits, now + hold, ARGV[i])
        given = given + 1
        if given == 1 then
            leave(waiter)
            -- Beyond the first it takes what belongs to nobody in line.
            before, others = ahead_for_room('')
        end
    end
    if given > 0 then
        wake()
        return remember({'done', -1, given})
    end
    if patient then
        stand('room', waiter, handle, heavy)
    end
    wake()
    return {'full', pause()}
end

-- permit, bytes and weight of each, up to the first that is refused. One that has lapsed is a put like any other.
function operations.permitted()
    local why = closed and 'closed' or 'done'
    local placed = false
    while next_argument <= #ARGV do
        local permit, bytes, heavy = argument(), argument(), number()
        if why == 'done' then
            if weight_capacity and heavy > 1 then
                why = 'heavy'
            elseif not call('ZSCORE', permits, permit) and not admits(heavy, ahead_for_room('')) then
                why = 'full'
            else
                place({{bytes, heavy}})
                placed = true
            end
        end
        call('ZREM', permits, permit)
    end
    if placed then
        see_depth(waiting())
    end
    wake()
    return remember({why})
end

-- permits.
function operations.release()
    call('ZREM', permits, unpack(ARGV, next_argument))
    wake()
    return {'done'}
end
