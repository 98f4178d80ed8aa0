-- What consumers do.

-- handle, how many at most, 'lease' or 'take' or 'hold' (a take that may be undone), how long the lease lives unless it
-- is renewed, waiter, whether it may stand in line.
function operations.lease()
    local handle, most, how, hold = b.argument(), b.number(), b.argument(), b.number()
    local waiter, patient = b.argument(), b.argument() == '1'
    local for_good = how ~= 'lease'
    local depth, limit = b.waiting(), b.leasable()
    local before, borrowing = b.ahead_for_items(waiter)
    if depth > before and (for_good or limit > borrowing) then
        local count = 1
        if most > 1 then
            -- Beyond the first it takes what belongs to nobody in line.
            b.leave(waiter)
            local others, theirs = b.ahead_for_items('')
            count = math.max(1, math.min(most, depth - others))
            if not for_good then
                count = math.max(1, math.min(count, limit - theirs))
            end
        end
        local found = b.oldest(count)
        if #found > 0 then
            b.leave(waiter)
            local reply = {'done', -1}
            call('HINCRBY', b.handles, handle .. ' items', #found)
            local deadline = not for_good and b.lease_time and b.now + b.lease_time or 0
            local ends = deadline > 0 and math.min(deadline, b.now + hold) or b.now + hold
            local whose = ' ' .. handle .. ' ' .. (for_good and 1 or 0) .. ' '
            local ids, lent, ending = {}, {}, {}
            for i, entry in ipairs(found) do
                local id, heavy, deliveries, failures = entry[1], b.field(entry[2], 'w') or 0, entry[3] + 1, entry[4]
                local token = how == 'take' and 0 or b.tokens + i
                ids[i] = id
                lent[2 * i - 1] = token
                lent[2 * i] = id .. whose .. heavy .. ' ' .. deliveries .. ' ' .. failures .. ' ' .. deadline
                ending[2 * i - 1], ending[2 * i] = ends, token
                reply[5 * i - 2], reply[5 * i - 1], reply[5 * i], reply[5 * i + 1], reply[5 * i + 2] =
                    token, id, deliveries, failures, b.field(entry[2], 'b')
            end
            if how == 'take' then
                b.finish(ids)
            else
                b.set('tokens', b.tokens + #found)
                call('HSET', b.loans, unpack(lent))
                call('ZADD', b.due, unpack(ending))
                if for_good then
                    b.set('taking', b.taking + #found)
                end
            end
            b.wake()
            if how == 'take' then
                return b.remember(reply)
            end
            return b.remember(reply, b.tokens - #found + 1, #found)
        end
        depth = b.waiting()
    end
    local why = depth > before and 'limit' or 'empty'
    if b.closed and depth == 0 then
        -- Its own leases do not keep a consumer from the end: it knows what it holds.
        why = 'closed'
        for _, loan in ipairs(call('HVALS', b.loans)) do
            if string.match(loan, '^%S+ (%S+)') ~= handle then
                why = 'empty'
            end
        end
    end
    if why == 'closed' then
        b.leave(waiter)
    elseif patient then
        b.stand(for_good and 'takes' or 'leases', waiter, handle, 0)
    end
    b.wake()
    return {why, b.pause()}
end

-- 'ack', 'nack', 'fail', 'reject' or 'undo' (as if it had not been lent), reason, tokens. 1 for each that was held.
function operations.answer()
    local how, reason = b.argument(), b.argument()
    local reply = {'done'}
    local ended = b.next_argument <= #ARGV and b.end_leases({unpack(ARGV, b.next_argument)}) or {}
    local acked = {}
    for i, loan in ipairs(ended) do
        reply[i + 1] = loan and 1 or 0
        local id, heavy, deliveries, failures = unpack(loan or {})
        if not id then
            -- Another has it.
        elseif how == 'ack' then
            acked[#acked + 1] = id
        elseif how == 'reject' then
            b.bury(id, deliveries, failures, 'r', reason)
        elseif how == 'undo' then
            b.give_back(id, heavy, deliveries - 1, failures)
        elseif how == 'nack' then
            b.give_back(id, heavy, deliveries, failures)
        elseif b.max_failures and failures + 1 >= b.max_failures then
            b.bury(id, deliveries, failures + 1, 'f', reason)
        else
            b.give_back(id, heavy, deliveries, failures + 1)
        end
    end
    if #acked > 0 then
        b.finish(acked)
    else
        b.see_depth(b.waiting())
    end
    b.wake()
    return b.remember(reply)
end

-- token, duration, how long the lease lives unless it is renewed.
function operations.extend()
    local token, duration, hold = b.argument(), b.number(), b.number()
    local loan = call('HGET', b.loans, token)
    if not loan then
        return {'done', 0}
    end
    local front, deadline = string.match(loan, '^(.*) (%d+)$')
    if deadline ~= '0' then
        call('HSET', b.loans, token, string.format('%s %.0f', front, b.now + duration))
        call('ZADD', b.due, math.min(b.now + duration, b.now + hold), token)
        -- Those who wait look again at what comes next by the clock.
        for _, line in ipairs({'takes', 'leases'}) do
            for _, waiter in ipairs(call('ZRANGE', b.base .. line, 0, -1)) do
                b.publish(waiter)
            end
        end
    end
    return {'done', 1}
end
