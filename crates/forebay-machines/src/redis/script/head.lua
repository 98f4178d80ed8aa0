-- One step of a buffer: everything that is ever done to it is done here, whole or not at all.
--
-- KEYS[1] is the hash of settings and counts; every other key begins like it, with the same hash tag.
-- ARGV: operation, identity, session, slot for the answer ('': it is not remembered), number of the request; then what
-- the operation takes.
--
-- A reply begins with a word. 'gone' and 'format' say that this is not the buffer that was opened.

local call = redis.call
local meta = KEYS[1]
local base = string.sub(meta, 1, -5)
local operation, identity, session, slot, request = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

-- What the names of all keys of its topic begin with, the set of the topic's groups, and the name of this one; where this is no
-- group, what would be.
local function topic()
    local name, group = string.match(base, '^(forebay:{[^}]*}:)group:(.*):$')
    name = name or base
    return name, name .. 'groups', group
end

local function milliseconds()
    local clock = call('TIME')
    return clock[1] * 1000 + math.floor(clock[2] / 1000)
end

if operation == 'create' then
    local found = call('HGETALL', meta)
    if #found > 0 then
        return {'there', unpack(found)}
    end
    local name, groups, group = topic()
    if not group and call('EXISTS', groups) == 1 then
        return {'topic'}
    elseif group and call('EXISTS', name .. 'meta') == 1 then
        return {'plain'}
    end
    for _, name in ipairs({'items', 'back', 'loans', 'due', 'tries', 'dead', 'permits', 'handles', 'sessions',
        'waiters', 'room', 'takes', 'leases', 'idle'}) do
        call('DEL', base .. name)
    end
    if group then
        call('SADD', groups, group)
    end
    call('HSET', meta, 'format', 1, 'identity', identity, 'created', string.format('%.0f', milliseconds()), unpack(ARGV, 6))
    return {'made'}
end

-- Where memory is short, a script is refused at the first command that needs some, unless it has written before.
-- So puts are refused before anything is done, and all that makes room goes on. (A put that first has to see to what is
-- over by the clock may slip through.)
if operation ~= 'put' and operation ~= 'reserve' and operation ~= 'permitted' then
    call('HDEL', meta, '')
end

local known = call('HMGET', meta, 'format', 'identity', 'capacity', 'weight_capacity', 'max_leased', 'max_failures',
    'max_deliveries', 'lease_time', 'closed', 'last', 'next', 'tokens', 'finished', 'high_water', 'weight', 'taking')
if not known[1] or known[2] ~= identity then
    return {'gone'}
elseif known[1] ~= '1' then
    return {'format', known[1]}
end

-- An answer stays in its slot until the next that its session puts there, whose number is greater. What is lent is there to be
-- read again, and of it the answer keeps the numbers only.
local answers = base .. 'answers:' .. session
if slot ~= '' then
    local told = call('HGET', answers, slot)
    if told then
        local number, reply, count = cmsgpack.unpack(told)
        if number > request then
            -- This comes late, by a connection that broke, and its answer has arrived by another.
            return {'late'}
        elseif number == request and not count then
            return reply
        elseif number == request then
            local lent = {'done', -1}
            for token = reply, reply + count - 1 do
                local id, deliveries, failures =
                    string.match(call('HGET', base .. 'loans', token) or '', '^(%S+) %S+ %S+ %S+ (%S+) (%S+)')
                local entry = id and call('XRANGE', base .. 'items', id, id)[1]
                if entry then
                    for i, part in ipairs({token, id, tonumber(deliveries), tonumber(failures)}) do
                        lent[#lent + 1] = part
                    end
                    for i = 1, #entry[2], 2 do
                        lent[#lent + 1] = entry[2][i] == 'b' and entry[2][i + 1] or nil
                    end
                end
            end
            return #lent > 2 and lent or {'empty', 0}
        end
    end
end
-- That they are forgotten one day is seen to by each beat, and when the session is given up. What is lent is told by its first
-- number, and how many there are.
local function remember(reply, first, count)
    if slot ~= '' then
        call('HSET', answers, slot, count and cmsgpack.pack(request, first, count) or cmsgpack.pack(request, reply))
    end
    return reply
end

-- How many stand in any line.
local standing = call('HLEN', base .. 'waiters')
-- Whether nothing is rare, as far as every step has to know: nobody stands in line, and nothing is weighed.
local is_calm = standing == 0 and not known[4]
