-- The step itself.

b.sweep()
local reply = operations[operation]()
local changes = {}
for name, value in pairs(b.changed) do
    changes[#changes + 1] = name
    changes[#changes + 1] = value
end
if #changes > 0 then
    call('HSET', meta, unpack(changes))
end
return reply
