
-- Leases and acks while nothing is rare, which most are: they do what `lease` and `answer` do below, less what those would find to
-- be needless.
local items, loans, due = base .. 'items', base .. 'loans', base .. 'due'
local now = is_calm and (operation == 'lease' or operation == 'answer') and milliseconds()
if now and #call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, 1) == 0 then
    if operation == 'lease' and not known[9] and call('ZCARD', base .. 'back') == 0 then
        local handle, most, how, hold = ARGV[6], tonumber(ARGV[7]), ARGV[8], tonumber(ARGV[9])
        local taking, out = tonumber(known[16] or 0), call('ZCARD', due)
        local count = math.min(most, call('XLEN', items) - out)
        if how == 'lease' then
            count = math.min(count, tonumber(known[5]) - (out - taking))
        end
        local found = count > 0 and call('XRANGE', items, known[10] and '(' .. known[10] or '-', '+', 'COUNT', count) or {}
        local are_ours = #found > 0
        for _, entry in ipairs(found) do
            are_ours = are_ours and entry[2][1] == 'b'
        end
        if are_ours then
            local reply, last, tokens = {'done', -1}, found[#found][1], tonumber(known[12] or 0)
            call('HINCRBY', base .. 'handles', handle .. ' items', #found)
            if how == 'take' then
                local ids = {}
                for i, entry in ipairs(found) do
                    ids[i] = entry[1]
                    reply[5 * i - 2], reply[5 * i - 1], reply[5 * i], reply[5 * i + 1], reply[5 * i + 2] =
                        0, entry[1], 1, 0, entry[2][2]
                end
                call('XDEL', items, unpack(ids))
                call('HSET', meta, 'last', last, 'finished', tonumber(known[13] or 0) + #found)
                return remember(reply)
            end
            local deadline = how == 'lease' and known[8] and now + known[8] or 0
            local ends = deadline > 0 and math.min(deadline, now + hold) or now + hold
            local about = string.format(' %s %d 0 1 0 %.0f', handle, how == 'hold' and 1 or 0, deadline)
            local lent, ending = {}, {}
            for i, entry in ipairs(found) do
                local token = tokens + i
                lent[2 * i - 1], lent[2 * i] = token, entry[1] .. about
                ending[2 * i - 1], ending[2 * i] = ends, token
                reply[5 * i - 2], reply[5 * i - 1], reply[5 * i], reply[5 * i + 1], reply[5 * i + 2] =
                    token, entry[1], 1, 0, entry[2][2]
            end
            call('HSET', loans, unpack(lent))
            call('ZADD', due, unpack(ending))
            if how == 'hold' then
                call('HSET', meta, 'last', last, 'tokens', tokens + #found, 'taking', taking + #found)
            else
                call('HSET', meta, 'last', last, 'tokens', tokens + #found)
            end
            return remember(reply, tokens + 1, #found)
        end
    elseif operation == 'answer' and ARGV[6] == 'ack' and #ARGV > 7 then
        local tokens = {unpack(ARGV, 8)}
        local reply, ids, taken = {'done'}, {}, 0
        for i, loan in ipairs(call('HMGET', loans, unpack(tokens))) do
            reply[i + 1] = loan and 1 or 0
            if loan then
                local id, for_good = string.match(loan, '^(%S+) %S+ (%S+)')
                ids[#ids + 1] = id
                taken = taken + for_good
            end
        end
        if #ids > 0 then
            call('HDEL', loans, unpack(tokens))
            call('ZREM', due, unpack(tokens))
            call('XDEL', items, unpack(ids))
            call('HSET', meta, 'finished', tonumber(known[13] or 0) + #ids, 'taking', tonumber(known[16] or 0) - taken)
        end
        return remember(reply)
    end
end

