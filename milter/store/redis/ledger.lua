-- ledger.lua - quotas that several daemons share: recipients and messages of
-- a rolling hour. It runs on the Redis server, and does all that the ledger
-- does: the rules are those of accounts.c and hour.c, and both pass the same
-- tests. A script is atomic: no client sees half of it. It reads everything
-- before it writes, so that a value that cannot be read changes nothing.
--
-- KEYS     one or more accounts, "millgate:account:LOGIN"
-- ARGV[1]  time (ms since the epoch) after which the caller no longer waits
--          for the answer: later than that, nothing is done
-- ARGV[2]  operation:
--            take    reserve one more recipient
--            hold    set the number of recipients that are reserved
--            commit  count the reserved recipients, and end the reservation
--            usage   read the counts; does one more recipient fit?
--            none    read the counts
--            reset   delete the counts; reservations stay
--            set     KEYS is "millgate:settings": see "settings" below
--            since   KEYS is "millgate:since": see "since" below
--            note, known  KEYS is "millgate:published": see "keys" below
-- ARGV[3]  clock (s since the epoch), for tests; -1: this server's
-- ARGV[4]  lifetime of a reservation (ms)
-- ARGV[5]  id of the reservation; set: the login
-- ARGV[6]  recipients that the reservation holds
-- ARGV[7]  and on: for each of KEYS the limit of recipients, then that of
--          messages; -1: no limit
--
-- Answer: a list of numbers. First 1 (yes), 0 (refused) or 2 (too late), then
-- the server's time in ms. For each account follow: recipients and messages
-- counted, recipients and messages reserved, the time (s) at which the next
-- recipient fits or 0, whether this account refuses (0 or 1), and whether it
-- does so because of its messages (0 or 1).
--
-- Example, which changes nothing: how much of 1000 recipients has alice used?
--   redis-cli --eval ledger.lua millgate:account:alice , \
--       9999999999999 usage -1 600000 '' 0 1000 -1
--
-- An account is a hash. Field "b<minute>" has the committed counts of that
-- minute, "<recipients> <messages>". Field "h<id>" is one reservation,
-- "<recipients> <messages> <until, ms>". Its numbers are absolute: a step
-- whose answer was lost is corrected by the next one.
--
-- Daemons of different versions share a server: each loads its own script and
-- calls it by its digest. Keys, fields and their meaning must therefore stay.
--
-- Lua's numbers are doubles and print as %.14g: milliseconds since the epoch
-- have 13 digits, and counts no more than 10.

local time = redis.call('TIME')
local real = time[1] * 1000 + math.floor(time[2] / 1000)
if real > tonumber(ARGV[1]) then return {2, real} end
local op, clock = ARGV[2], tonumber(ARGV[3])
local life, id, held = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
if clock < 0 then clock = math.floor(real / 1000) end
local minute = math.floor(clock / 60)
local MAX = 4294967295
local function cap(n) return math.min(n, MAX) end
-- DAY in minutes. LEASES in ms, twice STORE_LEASE: no reservation holds for
-- longer. FORGET in s: an account without a write expires after that time.
local DAY, LEASES, FORGET = 1440, 1200000, 3700

-- settings --------------------------------------------------------------------
-- A hash: field LOGIN is "<recipients or -> <messages or -> <blocked until>
-- <block> <changed> <reason>". ARGV[6] are the parts to set (enum store_part),
-- ARGV[7] to ARGV[12] the six values.
if op == 'set' then
	local old = redis.call('HGET', KEYS[1], id) or '- - 0 0 0 '
	local v = { old:match('^(%S+) (%S+) (%d+) (%d) (%d+) (.*)$') }
	if #v < 6 then error('WRONGTYPE setting of ' .. id) end
	local function part(bit, first, last)
		if math.floor(held / bit) % 2 == 0 then return end
		for i = first, last do v[i] = ARGV[6 + i] end
	end
	part(1, 1, 1)
	part(2, 2, 2)
	part(4, 3, 4)
	part(4, 6, 6)
	v[5] = ARGV[11]
	if v[1] == '-' and v[2] == '-' and v[3] == '0' then
		redis.call('HDEL', KEYS[1], id)
	else
		redis.call('HSET', KEYS[1], id, table.concat(v, ' '))
	end
	return { 1, real }
end

-- since -----------------------------------------------------------------------
-- Field "since" is the time (us) at which this server began to count. Another
-- value than before means that the server has lost its data. The answer is 1,
-- the server's time, and this value.
if op == 'since' then
	local at = redis.call('HGET', KEYS[1], 'since')
	if not at then
		at = string.format('%.0f', time[1] * 1000000 + time[2])
		redis.call('HSET', KEYS[1], 'since', at)
	elseif not at:match('^%d+$') then
		error('WRONGTYPE ' .. KEYS[1])
	end
	return { 1, real, tonumber(at) }
end

-- keys ------------------------------------------------------------------------
-- A sorted set of signing keys, by the time (s) at which their DNS record was
-- first seen. ARGV[7] and on are keys. "note": they are seen now; the newest
-- 200,000 stay. "known": the answer has the time of each key; 0: not seen.
if op == 'note' then
	for i = 7, #ARGV do
		redis.call('ZADD', KEYS[1], 'NX', clock, ARGV[i])
	end
	redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -200001)
	return { 1, real }
end
if op == 'known' then
	local answer = { 1, real }
	for i = 7, #ARGV do
		local seen = redis.call('ZSCORE', KEYS[1], ARGV[i])
		answer[#answer + 1] = seen and tonumber(seen) or 0
	end
	return answer
end

-- reading an account ----------------------------------------------------------
-- A minute or a lease in the future was written by a clock that has been set
-- back since. A minute counts until it is over; one that is more than a day
-- ahead counts as this minute, and the next write moves it there. A
-- reservation that would hold for longer than LEASES is over.
local function lives(u)
	u = tonumber(u)
	return u > real and u <= real + LEASES
end
-- Sums of the committed counts (r, m) and of the other reservations (hr, hm),
-- and the recipients of this reservation (own).
local function load(i)
	local a = { key = KEYS[i], lapsed = {}, stray = {}, n = 0,
	    newest = minute,
	    r = 0, m = 0, hr = 0, hm = 0, own = 0,
	    limit_r = tonumber(ARGV[5 + 2 * i]),
	    limit_m = tonumber(ARGV[6 + 2 * i]) }
	local all = redis.call('HGETALL', a.key)
	a.all = all
	for f = 1, #all, 2 do
		local r, m, u = all[f + 1]:match('^(%d+) (%d+) ?(%d*)$')
		local at = tonumber(all[f]:match('^b(%d+)$'))
		if at and m then
			r, m, a.n = tonumber(r), tonumber(m), a.n + 1
			if at > minute + DAY then
				a.stray[#a.stray + 1] = all[f]
				at = minute
			end
			a.newest = math.max(a.newest, at)
			if at == minute then
				a.now_r = cap((a.now_r or 0) + r)
				a.now_m = cap((a.now_m or 0) + m)
			end
			if at + 59 >= minute then
				a.r, a.m = a.r + r, a.m + m
			end
		-- 104 is "h"
		elseif all[f]:byte(1) ~= 104 or not m or u == '' then
			error('WRONGTYPE field ' .. all[f])
		elseif all[f] == 'h' .. id then
			a.mine = true
			if lives(u) then a.own = tonumber(r) end
		elseif lives(u) then
			a.hr, a.hm = a.hr + r, a.hm + m
		else
			a.lapsed[#a.lapsed + 1] = all[f]
		end
	end
	return a
end
-- The minutes, oldest first; a.slot is the one that count() has written since
-- load(). This list costs more than all the rest, so it is made on demand.
local function buckets(a)
	local list = { a.slot }
	for f = 1, #a.all, 2 do
		local at = tonumber(a.all[f]:match('^b(%d+)$'))
		if at and at > minute + DAY then at = minute end
		if at and not (a.slot and a.slot.at == at) then
			local r, m = a.all[f + 1]:match('(%d+) (%d+)')
			list[#list + 1] = { at = at, r = r, m = m }
		end
	end
	table.sort(list, function(x, y) return x.at < y.at end)
	return list
end

-- judging ---------------------------------------------------------------------
-- By how many `n` more exceed the limit.
local function excess(used, n, limit)
	if limit < 0 or used + n <= limit then return 0 end
	return used + n - limit
end
-- The time (s) at which r recipients and m messages have left the hour.
local function when_over(a, r, m)
	local sr, sm, when = 0, 0, minute
	for _, b in ipairs(buckets(a)) do
		if sr >= r and sm >= m then break end
		if b.at + 59 >= minute then
			sr, sm, when = sr + b.r, sm + b.m, b.at + 60
		end
	end
	if (sr < r or sm < m) and when < minute + 60 then
		when = minute + 60
	end
	return when * 60
end
-- Do r more recipients and m more messages fit?
local function judge(a, r, m)
	local xr = excess(a.r + a.hr, r, a.limit_r)
	local xm = m > 0 and excess(a.m + a.hm, m, a.limit_m) or 0
	a.refused, a.by_messages = xr + xm > 0, xr == 0 and xm > 0
	a.next_fit = 0
	if a.refused and not (xr > 0 and a.limit_r == 0) and
	    not (xm > 0 and a.limit_m == 0) then
		a.next_fit = when_over(a, xr, xm)
	end
	return not a.refused
end

-- writing ---------------------------------------------------------------------
local function keep(a)
	redis.call('EXPIRE', a.key, FORGET +
	    (a.newest - minute) * 60)
end
-- Move minutes that are more than a day ahead to this one.
local function move(a)
	if #a.stray == 0 then return end
	redis.call('HDEL', a.key, unpack(a.stray))
	redis.call('HSET', a.key, 'b' .. minute,
	    a.now_r .. ' ' .. a.now_m)
	a.n = a.n - #a.stray
	keep(a)
end
-- The reservation holds n recipients from now on; 0 ends it. At most 1000
-- lapsed reservations of others are removed: unpack() has a limit.
local function hold(a, n)
	move(a)
	if #a.lapsed > 0 then
		redis.call('HDEL', a.key, unpack(a.lapsed, 1,
		    math.min(#a.lapsed, 1000)))
	end
	if n > 0 then
		redis.call('HSET', a.key, 'h' .. id, n .. ' 1 ' ..
		    string.format('%.0f', real + life))
		keep(a)
	elseif a.mine then
		redis.call('HDEL', a.key, 'h' .. id)
	end
end
-- An account has 180 minutes at most: minutes of more than two hours ago go.
-- When the rest is in the future, the newest minute counts the new ones.
local function make_room(a)
	local list, left = buckets(a), a.n
	for _, b in ipairs(list) do
		if b.at + 119 < minute then
			redis.call('HDEL', a.key, 'b' .. b.at)
			left = left - 1
		end
	end
	return left < 180 and { at = minute, r = 0, m = 0 } or list[#list]
end
local function count(a, r, m)
	local b = { at = minute, r = a.now_r or 0, m = a.now_m or 0 }
	if not a.now_r and a.n >= 180 then b = make_room(a) end
	b.r, b.m = cap(b.r + r), cap(b.m + m)
	a.slot, a.r, a.m = b, a.r + r, a.m + m
	redis.call('HSET', a.key, 'b' .. b.at, b.r .. ' ' .. b.m)
	keep(a)
end

-- operations ------------------------------------------------------------------
local accounts, fits = {}, true
for i = 1, #KEYS do accounts[i] = load(i) end
local function judge_all(r, m)
	local ok = true
	for _, a in ipairs(accounts) do ok = judge(a, r, m) and ok end
	return ok
end
-- After a restart or the end of its lease, the reservation holds less than its
-- owner believes. Then all of it must fit once more.
local lost = false
for _, a in ipairs(accounts) do lost = lost or a.own < held end
if op == 'take' then
	local had = lost and 0 or held
	local m = had > 0 and 1 or 0
	for _, a in ipairs(accounts) do
		a.hr, a.hm = a.hr + had, a.hm + m
	end
	fits = judge_all(held + 1 - had, 1 - m)
	for _, a in ipairs(accounts) do
		hold(a, fits and held + 1 or had)
		if fits then
			a.hr, a.hm = a.hr + held + 1 - had, a.hm + 1 - m
		end
	end
elseif op == 'commit' then
	if lost then fits = judge_all(held, 1) end
	for _, a in ipairs(accounts) do
		hold(a, 0)
		if fits and held > 0 then count(a, held, 1) end
	end
	if fits then judge_all(1, 1) end
elseif op == 'hold' then
	for _, a in ipairs(accounts) do hold(a, lost and 0 or held) end
elseif op == 'reset' then
	for _, a in ipairs(accounts) do
		for f = 1, #a.all, 2 do
			-- 98 is "b"
			if a.all[f]:byte(1) == 98 then
				redis.call('HDEL', a.key, a.all[f])
			end
		end
	end
elseif op == 'usage' then
	fits = judge_all(1, 1)
end

-- answer ----------------------------------------------------------------------
local answer = { fits and 1 or 0, real }
for _, a in ipairs(accounts) do
	for _, n in ipairs({ cap(a.r), cap(a.m), cap(a.hr), cap(a.hm),
	    a.next_fit or 0, a.refused and 1 or 0,
	    a.by_messages and 1 or 0 }) do
		answer[#answer + 1] = n
	end
end
return answer
