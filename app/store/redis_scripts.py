"""The store's steps in Redis, each a script and therefore atomic; what the keys are says :mod:`app.store.redis`."""

GET = "return redis.call('MGET', unpack(KEYS))"

PUT = "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1]) end"

DELETE = "return redis.call('DEL', unpack(KEYS))"

# This and the next give the record's owner. A record that holds the new value already was written by the first try of
# a repeated command: to say "not replaced" would be wrong.
REPLACE = """
local owner, value = string.match(redis.call('GET', KEYS[1]) or '', '^([^\\n]*)\\n(.*)$')
if not owner or (value ~= ARGV[1] and value ~= ARGV[2]) then return false end
redis.call('SET', KEYS[1], owner .. '\\n' .. ARGV[2], 'PX', ARGV[3])
return owner
"""

EXTEND = """
if redis.call('PEXPIRE', KEYS[1], ARGV[1]) == 0 then return false end
return string.match(redis.call('GET', KEYS[1]), '^([^\\n]*)\\n') or ''
"""

_ENTER = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, index in ipairs(indices) do
  for _, entry in ipairs(entries) do redis.call('ZADD', index, 'GT', now + 2 * ARGV[1], entry) end
  local past = redis.call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, 10)
  if #past > 0 then redis.call('ZREM', index, unpack(past)) end
  redis.call('PEXPIREAT', index, redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2])
end
"""
_ENTERED = "return redis.call('ZCARD', KEYS[1])"  # how many entries the owner has

INDEX = f"local indices, entries = KEYS, {{unpack(ARGV, 2)}} {_ENTER} {_ENTERED}"

# On one server both in one script: a record whose entry fails is not written, whatever else is sent with it.
INDEX_AND_PUT = f"""
local indices, entries = {{KEYS[1], KEYS[2]}}, {{unpack(KEYS, 3)}} {_ENTER}
for i, key in ipairs(entries) do redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1]) end
{_ENTERED}
"""

OWNED = "return redis.call('ZRANGE', KEYS[1], 0, -1)"

OWNED_PAGE = "return redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', 500)"

# Gives those of the keys whose records are live and an owner's.
LIVE = """
local live = {}
for _, key in ipairs(KEYS) do
  if string.match(redis.call('GET', key) or '', '^([^\\n]+)\\n') == ARGV[1] then table.insert(live, key) end
end
return live
"""

# Ends the records of one owner, or with '' of whatever owner, and gives their keys.
END_OWNED = """
local ended = {}
for _, key in ipairs(KEYS) do
  local owner = string.match(redis.call('GET', key) or '', '^([^\\n]+)\\n')
  if owner and (ARGV[1] == '' or ARGV[1] == owner) and redis.call('DEL', key) == 1 then table.insert(ended, key) end
end
return ended
"""

# Gives the place of the first counter that has come to its limit, or 0 when all were counted.
COUNT_UP = """
for i, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) >= tonumber(ARGV[2 * i - 1]) then return i end
end
for i, key in ipairs(KEYS) do
  if redis.call('INCR', key) == 1 then redis.call('PEXPIRE', key, ARGV[2 * i]) end
end
return 0
"""

DECREMENT = """
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or 0) > 0 then redis.call('DECR', key) end
end
"""

ACQUIRE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end"

PROLONG = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"

PUT_AND_RELEASE = f"redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) {RELEASE}"

# An entry's score is two times to live after the last write, so what is live has at least one of them left.
COUNT_OWNED = """
local time = redis.call('TIME')
return redis.call('ZCOUNT', KEYS[1], '(' .. time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1], '+inf')
"""

FORGET = "for _, index in ipairs(KEYS) do redis.call('ZREM', index, unpack(ARGV)) end"

FACTS = "return redis.call('INFO', 'server') .. redis.call('INFO', 'memory') .. redis.call('INFO', 'persistence')"
