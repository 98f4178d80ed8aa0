-- What consumers do.

-- handle, how many at most, 'lease' or 'take' or 'hold' (a take that may be undone), how long the lease lives unless it
-- is renewed, waiter, whether it may stand in line.
function operations.lease()
    local handle, most, how, hold = argument(), number(), argument(), number()
    local waiter, patient = argument(), argument() == '1'
    local for_good = how ~= 'lease'
    local depth, limit = waiting(), leasable()
    local before, borrowing = ahead_for_items(waiter)
    if depth > before and (for_good or limit > borrowing) then
        local count = 1
        if most > 1 then
            -- Beyond the first it takes what belongs to nobody in line.
            leave(waiter)
            local others, theirs = ahead_for_items('')
            count = math.max(1, math.min(most, depth - others))
            if not for_good then
                count = math.max(1, math.min(count, limit - theirs))
            end
        end
        local found = oldest(count)
        if #found > 0 then
            leave(waiter)
            local reply = {'done', -1}
            call('HINCRBY', handles, handle .. ' items', #found)
            local deadline = not for_good and lease_time and now + lease_time or 0
            local ends = deadline > 0 and math.min(deadline, now + hold) or now + hold
            local ids, counts, lent, ending = {}, {}, {}, {}
            for i, entry in ipairs(found) do
                local id, heavy = entry[1], field(entry[2], 'w') or 0
                local deliveries, failures = 0, 0
                if entry[3] then
                    deliveries, failures = tried(id)
                end
                local token = how == 'take' and 0 or tokens + i
                ids[i] = id
                counts[2 * i - 1], counts[2 * i] = id, (deliveries + 1) .. ' ' .. failures
                lent[2 * i - 1] = token
                lent[2 * i] = id .. ' ' .. handle .. ' ' .. (for_good and 1 or 0) .. ' ' .. heavy .. ' ' .. deadline
                ending[2 * i - 1], ending[2 * i] = ends, token
                reply[#reply + 1] = {token, position(id), deliveries + 1, failures, field(entry[2], 'b')}
            end
            if how == 'take' then
                finish(ids)
            else
                tokens = tokens + #found
                call('HSET', meta, 'tokens', tokens)
                call('HSET', tries, unpack(counts))
                call('HSET', loans, unpack(lent))
                call('ZADD', due, unpack(ending))
                if for_good then
                    taking = taking + #found
                    call('HINCRBY', meta, 'taking', #found)
                end
            end
            wake()
            return remember(reply)
        end
        depth = waiting()
    end
    local why = depth > before and 'limit' or 'empty'
    if closed and depth == 0 then
        -- Its own leases do not keep a consumer from the end: it knows what it holds.
        why = 'closed'
        for _, loan in ipairs(call('HVALS', loans)) do
            if string.match(loan, '^%S+ (%S+)') ~= handle then
                why = 'empty'
            end
        end
    end
    if why == 'closed' then
        leave(waiter)
    elseif patient then
        stand(for_good and 'takes' or 'leases', waiter, handle, 0)
    end
    wake()
    return {why, pause()}
end

-- 'ack', 'nack', 'fail', 'reject' or 'undo' (as if it had not been lent), reason, tokens. 1 for each that was held.
function operations.answer()
    local how, reason = argument(), argument()
    local reply = {'done'}
    local ended = next_argument <= #ARGV and end_leases({unpack(ARGV, next_argument)}) or {}
    local acked = {}
    for i, loan in ipairs(ended) do
        reply[i + 1] = loan and 1 or 0
        local id, heavy = unpack(loan or {})
        if not id then
            -- Another has it.
        elseif how == 'ack' then
            acked[#acked + 1] = id
        elseif how == 'reject' then
            bury(id, 'r', reason)
        else
            local deliveries, failures = tried(id)
            if how == 'fail' then
                failures = failures + 1
                call('HSET', tries, id, deliveries .. ' ' .. failures)
            elseif how == 'undo' then
                call('HSET', tries, id, (deliveries - 1) .. ' ' .. failures)
            end
            if how == 'fail' and max_failures and failures >= max_failures then
                bury(id, 'f', reason)
            else
                give_back(id, heavy)
            end
        end
    end
    if #acked > 0 then
        finish(acked)
    else
        see_depth(waiting())
    end
    wake()
    return remember(reply)
end

-- token, duration, how long the lease lives unless it is renewed.
function operations.extend()
    local token, duration, hold = argument(), number(), number()
    local loan = call('HGET', loans, token)
    if not loan then
        return {'done', 0}
    end
    local front, deadline = string.match(loan, '^(.*) (%d+)$')
    if deadline ~= '0' then
        call('HSET', loans, token, string.format('%s %.0f', front, now + duration))
        call('ZADD', due, math.min(now + duration, now + hold), token)
        -- Those who wait look again at what comes next by the clock.
        for _, line in ipairs({takes, leases}) do
            for _, waiter in ipairs(call('ZRANGE', line, 0, -1)) do
                publish(waiter)
            end
        end
    end
    return {'done', 1}
end
