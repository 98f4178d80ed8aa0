
-- A put while nothing is rare, which most are: it does what `put` does below, less what that would find to be needless. What is
-- over by the clock may wait: it takes no room from those who put.
if operation == 'put' and is_calm and not known[9] then
    local items, count, own = base .. 'items', tonumber(ARGV[10]), tonumber(known[11] or 0)
    local depth = call('XLEN', items) - call('ZCARD', base .. 'due') + count
    if depth <= tonumber(known[3]) and call('ZCARD', base .. 'permits') == 0 then
        local added = redis.pcall('XADD', items, string.format('%.0f-1', own), 'b', ARGV[11])
        -- Unless somebody else wrote to the stream.
        if type(added) == 'string' then
            for i = 1, count - 1 do
                call('XADD', items, string.format('%.0f-1', own + i), 'b', ARGV[11 + 2 * i])
            end
            if depth > tonumber(known[14] or 0) then
                call('HSET', meta, 'next', own + count, 'high_water', depth)
            else
                call('HSET', meta, 'next', own + count)
            end
            return remember({'done', count, 0, 0, -1})
        end
    end
end

