-- Items in and out of the stream, and out on lease.

-- Puts an item at the end, room or not.
function b.place(bytes, heavy)
    local added
    if b.weight_capacity then
        added = redis.pcall('XADD', b.items, string.format('%.0f-1', b.next), 'b', bytes, 'w', heavy)
    else
        added = redis.pcall('XADD', b.items, string.format('%.0f-1', b.next), 'b', bytes)
    end
    if type(added) == 'table' and added.err then
        -- Somebody else wrote to the stream: what is put now comes after that. Or there is another reason, which is told.
        b.next = b.position(b.field(call('XINFO', 'STREAM', b.items), 'last-generated-id')) + 1
        call('XADD', b.items, string.format('%.0f-1', b.next), 'b', bytes, 'w', heavy)
    end
    b.set('next', b.next + 1)
    b.weigh(heavy)
end

-- Sets an item aside, which nobody holds any more.
function b.bury(id, deliveries, failures, kind, reason)
    local entry = call('XRANGE', b.items, id, id)[1]
    if entry then
        local bytes = b.field(entry[2], 'b') or table.concat(entry[2], ' ')
        call('XADD', b.base .. 'dead', '*', 'b', bytes, 'k', kind, 'r', reason, 'd', deliveries, 'f', failures,
            'w', b.field(entry[2], 'w') or 0)
        call('XDEL', b.items, id)
    end
end

-- It waits again, and with it stands how often it was tried.
function b.give_back(id, heavy, deliveries, failures)
    if b.max_deliveries and deliveries >= b.max_deliveries then
        return b.bury(id, deliveries, failures, 'd', '')
    end
    if deliveries > 0 or failures > 0 then
        call('HSET', b.base .. 'tries', id, deliveries .. ' ' .. failures)
    end
    call('ZADD', b.back, b.position(id), id)
    b.weigh(heavy)
end

-- Takes the oldest that wait out of the waiting, at most so many: {name, entry, deliveries, failures} of each.
function b.oldest(count)
    local found = {}
    for _, id in ipairs(call('ZRANGE', b.back, 0, count - 1)) do
        local tries = b.base .. 'tries'
        local deliveries, failures = string.match(call('HGET', tries, id) or '0 0', '^(%d+) (%d+)$')
        call('HDEL', tries, id)
        call('ZREM', b.back, id)
        local entry = call('XRANGE', b.items, id, id)[1]
        -- Unless somebody else deleted it.
        if entry then
            found[#found + 1] = {id, entry[2], tonumber(deliveries), tonumber(failures)}
        end
    end
    while #found < count do
        local new = call('XRANGE', b.items, b.last and '(' .. b.last or '-', '+', 'COUNT', count - #found)
        if #new == 0 then
            break
        end
        b.set('last', new[#new][1])
        for _, entry in ipairs(new) do
            if b.field(entry[2], 'b') then
                found[#found + 1] = {entry[1], entry[2], 0, 0}
            else
                b.bury(entry[1], 0, 0, 'r', 'it was not put by a producer')
            end
        end
    end
    if b.weight_capacity then
        for _, entry in ipairs(found) do
            b.weigh(-(b.field(entry[2], 'w') or 0))
        end
    end
    return found
end

-- Ends leases: {name of its item, weight, deliveries, failures} of each that there was, and false for one that there was not.
-- Whoever asks says what becomes of the items.
function b.end_leases(ended)
    local found = call('HMGET', b.loans, unpack(ended))
    call('HDEL', b.loans, unpack(ended))
    call('ZREM', b.due, unpack(ended))
    local taken = 0
    for i, loan in ipairs(found) do
        if loan then
            local id, for_good, heavy, deliveries, failures =
                string.match(loan, '^(%S+) %S+ (%S+) (%S+) (%S+) (%S+)')
            taken = taken + for_good
            found[i] = {id, tonumber(heavy), tonumber(deliveries), tonumber(failures)}
        end
    end
    if taken > 0 then
        b.set('taking', b.taking - taken)
    end
    return found
end

-- Nobody needs these any more, of which there is at least one.
function b.finish(ids)
    call('XDEL', b.items, unpack(ids))
    b.set('finished', b.finished + #ids)
end

-- What is over by the clock.
function b.sweep()
    local over = call('ZRANGEBYSCORE', b.due, '-inf', b.now, 'LIMIT', 0, b.AT_ONCE)
    if #over > 0 then
        for _, loan in ipairs(b.end_leases(over)) do
            if loan then
                b.give_back(unpack(loan))
            end
        end
        b.see_depth(b.waiting())
    end
    if call('ZCARD', b.permits) > 0 then
        call('ZREMRANGEBYSCORE', b.permits, '-inf', b.now)
    end
end
