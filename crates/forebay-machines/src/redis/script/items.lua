-- Items in and out of the stream.

-- Puts items at the end, {bytes, weight} of each, room or not.
local function place(new)
    local own = call('HINCRBY', meta, 'next', #new) - #new
    for i, item in ipairs(new) do
        local entry = {'b', item[1]}
        if weight_capacity then
            entry = {'b', item[1], 'w', item[2]}
        end
        local added = redis.pcall('XADD', items, string.format('%.0f-1', own), unpack(entry))
        if type(added) == 'table' and added.err then
            -- Somebody else wrote to the stream: what is put now comes after that.
            own = position(field(call('XINFO', 'STREAM', items), 'last-generated-id')) + 1
            call('HSET', meta, 'next', string.format('%.0f', own + #new - i + 1))
            call('XADD', items, string.format('%.0f-1', own), unpack(entry))
        end
        own = own + 1
        weigh(item[2])
    end
end

-- Takes the oldest that wait out of the waiting, at most so many: {name, entry, whether it was lent before} of each.
local function oldest(count)
    local found = {}
    for _, id in ipairs(call('ZRANGE', back, 0, count - 1)) do
        call('ZREM', back, id)
        local entry = call('XRANGE', items, id, id)[1]
        if entry then
            found[#found + 1] = {id, entry[2], true}
        else
            -- Somebody else deleted it.
            call('HDEL', tries, id)
        end
    end
    while #found < count do
        local new = call('XRANGE', items, last and '(' .. last or '-', '+', 'COUNT', count - #found)
        if #new == 0 then
            break
        end
        last = new[#new][1]
        call('HSET', meta, 'last', last)
        for _, entry in ipairs(new) do
            if field(entry[2], 'b') then
                found[#found + 1] = {entry[1], entry[2], false}
            else
                bury(entry[1], 'r', 'it was not put by a producer')
            end
        end
    end
    if weight_capacity then
        for _, entry in ipairs(found) do
            weigh(-(field(entry[2], 'w') or 0))
        end
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
