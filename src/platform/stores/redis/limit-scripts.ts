/**
 * What Redis runs for the limit store: one script to enter, one to leave. The arithmetic is that of `lib/rate-window` and of the
 * memory store's accounts, which one suite holds them to. All accounts of a deployment are in one slot of a cluster, since a call
 * enters all of its lines or none.
 *
 * An account is a hash. Of a sliding span: amounts by number of slot, and `n`, the newest. Of money in a window: `e`, its end, `spent`,
 * `reserved`, `ep`, which is new each time it was read from the ledger. Of what is under way: a count for each replica.
 *
 * Numbers travel as texts: a number that a script returns loses its fraction, and `tostring` its sixteenth digit.
 */

const SHARED = `
local SLOTS = 20
local function fmt(n) return string.format('%.17g', n) end

local function slots(key, use, now)
  local flat = redis.call('HGETALL', key)
  local state = { amounts = {}, newest = -1, total = 0 }
  for i = 1, #flat, 2 do
    if flat[i] == 'n' then state.newest = tonumber(flat[i + 1])
    else state.amounts[tonumber(flat[i])] = tonumber(flat[i + 1]) end
  end
  -- A clock that is set back adds to the newest slot.
  state.newest = math.max(state.newest, math.floor(now / (use.spanMs / SLOTS)))
  for slot, amount in pairs(state.amounts) do
    if slot < state.newest - SLOTS then
      state.amounts[slot] = nil
      redis.call('HDEL', key, fmt(slot))
    else state.total = state.total + amount end
  end
  return state
end

local function put(key, use, state, slot, amount)
  local after = math.max(0, (state.amounts[slot] or 0) + amount)
  state.total = state.total + after - (state.amounts[slot] or 0)
  state.amounts[slot] = after
  redis.call('HSET', key, 'n', fmt(state.newest), fmt(slot), fmt(after))
  -- Kept for as long as anything in it counts, whatever clock that is by.
  redis.call('PEXPIRE', key, math.ceil(use.spanMs * 1.1) + 60000)
end
`;

/**
 * KEYS: replicas, then one account for each use. ARGV: replica, until when the others count as dead (ms before now), wall clock,
 * clock of rates ('' for that of Redis), uses as JSON, '1' to look only.
 * Returns ['admitted', used, place, epoch, free in ms, …] or ['refused', index, used, reserved or '', wait or '']
 * or ['seed', index, …] for accounts that have to be read from the ledger first.
 */
export const ENTER = `${SHARED}
local replica, deadAfterMs, wallMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local serverMs = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local rateMs = ARGV[4] == '' and serverMs or tonumber(ARGV[4])
local uses, looks = cjson.decode(ARGV[5]), ARGV[6] == '1'
redis.call('ZADD', KEYS[1], serverMs, replica)

local missing = { 'seed' }
for i, use in ipairs(uses) do
  if use.money and redis.call('EXISTS', KEYS[i + 1]) == 0 and not use.seed then missing[#missing + 1] = fmt(i - 1) end
end
if #missing > 1 then return missing end

local states = {}
for i, use in ipairs(uses) do
  local key = KEYS[i + 1]
  local state
  if use.type == 'sliding' then
    local now = use.money and wallMs or rateMs
    local isNew = use.money and redis.call('EXISTS', key) == 0
    state = slots(key, use, now)
    state.now = now
    if isNew then
      for slot, amount in pairs(use.seed) do
        if tonumber(slot) >= state.newest - SLOTS and tonumber(slot) <= state.newest then
          put(key, use, state, tonumber(slot), amount)
        end
      end
      -- Also where nothing was spent: it has been read.
      put(key, use, state, state.newest, 0)
    end
    state.used = state.total
    state.wait = function(amount)
      if amount > use.max then return use.spanMs end
      local excess = state.total + amount - use.max
      if excess <= 0 then return 0 end
      for slot = state.newest - SLOTS, state.newest do
        excess = excess - (state.amounts[slot] or 0)
        if excess <= 0 then return math.max(1, (slot + SLOTS + 1) * use.spanMs / SLOTS - now) end
      end
      return use.spanMs
    end
    local wanted = use.money and math.max(1, use.amount) or math.min(use.amount, use.max)
    state.refused = wanted > 0 and state.wait(wanted) > 0 and state.wait(wanted)
    state.take = function()
      put(key, use, state, state.newest, use.amount)
      return fmt(state.newest), ''
    end
  elseif use.type == 'concurrent' then
    local flat = redis.call('HGETALL', key)
    local running = 0
    for j = 1, #flat, 2 do
      local seen = tonumber(redis.call('ZSCORE', KEYS[1], flat[j]) or '0')
      if flat[j] ~= replica and seen < serverMs - deadAfterMs then redis.call('HDEL', key, flat[j])
      else running = running + tonumber(flat[j + 1]) end
    end
    state = { used = running, refused = running + use.amount > use.max and 'unknown' }
    state.wait = function() return running < use.max and 0 or -1 end
    state.take = function()
      redis.call('HINCRBYFLOAT', key, replica, use.amount)
      redis.call('PEXPIRE', key, 86400000)
      return '', ''
    end
  else
    if redis.call('EXISTS', key) == 0 then
      redis.call('HSET', key, 'e', fmt(use.endMs), 'spent', fmt(use.seed.spent), 'reserved', '0', 'ep', use.seed.epoch)
    elseif use.endMs > tonumber(redis.call('HGET', key, 'e')) then
      redis.call('HSET', key, 'e', fmt(use.endMs), 'spent', '0', 'reserved', '0')
    end
    redis.call('PEXPIRE', key, use.keepMs)
    local has = redis.call('HMGET', key, 'e', 'spent', 'reserved', 'ep')
    local spent, reserved = tonumber(has[2]), tonumber(has[3])
    state = { used = spent + reserved, reserved = reserved }
    state.wait = function(amount)
      if spent + reserved + math.max(1, amount) <= use.max then return 0 end
      return use.forever and 'unknown' or math.max(1, tonumber(has[1]) - wallMs)
    end
    local wait = state.wait(use.amount)
    state.refused = wait ~= 0 and wait
    state.take = function()
      state.reserved = reserved + use.amount
      redis.call('HSET', key, 'reserved', fmt(state.reserved))
      return has[1], has[4]
    end
  end
  states[i] = state
end

if looks then
  local answer = { 'looked' }
  for i in ipairs(uses) do answer[i + 1] = fmt(states[i].used) end
  return answer
end
for i, state in ipairs(states) do
  if state.refused then
    local wait = state.refused == 'unknown' and '' or fmt(state.refused)
    return { 'refused', fmt(i - 1), fmt(state.used), state.reserved and fmt(state.reserved) or '', wait }
  end
end
local answer = { 'admitted' }
for i, use in ipairs(uses) do
  local state = states[i]
  local place, epoch = state.take()
  local used = state.used + use.amount
  local free = use.type == 'sliding' and fmt(state.wait(1)) or ''
  for _, each in ipairs({ fmt(used), place, epoch, free }) do answer[#answer + 1] = each end
end
return answer
`;

/**
 * KEYS: one account for each use. ARGV: replica, wall clock, clock of rates or '', uses as JSON: what was asked and what was used, with
 * place and epoch as they were given.
 */
export const LEAVE = `${SHARED}
local replica, wallMs = ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local rateMs = ARGV[3] == '' and tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) or tonumber(ARGV[3])
for i, use in ipairs(cjson.decode(ARGV[4])) do
  local key = KEYS[i]
  -- One that was lost: whoever reads it from the ledger next finds this call there.
  if redis.call('EXISTS', key) == 0 then
    if use.type == 'sliding' and not use.money and use.amount > use.asked then
      local state = slots(key, use, rateMs)
      put(key, use, state, state.newest, use.amount - use.asked)
    end
  elseif use.type == 'sliding' then
    local state = slots(key, use, use.money and wallMs or rateMs)
    local slot = tonumber(use.place)
    if use.amount < use.asked and slot >= state.newest - SLOTS then
      put(key, use, state, slot, use.amount - use.asked)
    elseif use.amount > use.asked then put(key, use, state, state.newest, use.amount - use.asked) end
  elseif use.type == 'concurrent' then
    local left = tonumber(redis.call('HGET', key, replica) or '0') - use.asked
    if left > 0 then redis.call('HSET', key, replica, fmt(left)) else redis.call('HDEL', key, replica) end
  else
    local has = redis.call('HMGET', key, 'e', 'spent', 'reserved', 'ep')
    -- A call that began in a window that is over belongs to that one, as in the ledger.
    if has[1] == use.place then
      -- Of an account that was read anew meanwhile it has set nothing aside.
      local reserved = has[4] == use.epoch and math.max(0, tonumber(has[3]) - use.asked) or tonumber(has[3])
      redis.call('HSET', key, 'spent', fmt(tonumber(has[2]) + use.amount), 'reserved', fmt(reserved))
    end
  end
end
return 'OK'
`;

/** KEYS: replicas. ARGV: replica. Says that it is alive. */
export const BEAT = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 86400000)
redis.call('PEXPIRE', KEYS[1], 86400000)
return 'OK'
`;

/** KEYS: accounts of what is under way. ARGV: replica, then how many of its own are under way in each. After a connection was lost. */
export const RECOUNT = `
for i, key in ipairs(KEYS) do
  if tonumber(ARGV[i + 1]) > 0 then redis.call('HSET', key, ARGV[1], ARGV[i + 1]) redis.call('PEXPIRE', key, 86400000)
  else redis.call('HDEL', key, ARGV[1]) end
end
return 'OK'
`;
