-- ledger.lua - quotas that several daemons share: recipients, messages and
-- bytes of a rolling minute, hour, day and month. It runs on the Redis server,
-- and does all that the ledger does: the rules are those of accounts.c and
-- rolling.c, and both pass the same tests. A script is atomic: no client sees
-- half of it. It reads everything before it writes, so that a value that
-- cannot be read changes nothing.
--
-- KEYS     one or more accounts, "millgate:account:LOGIN", and then for each of
--          them "millgate:windows:LOGIN"; these may be left out when no limit
--          but an hour's is used
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
-- ARGV[7]  bytes of the message; 0: not known
-- ARGV[8]  and on: for each account its limits. First recipients, then messages
--          of the hour; -1: no limit. Then a text of all others, for example
--          "rd=20000 bh=1000": r, m or b, then m, h, d or M
--
-- Answer: a list of numbers. First 1 (yes), 0 (refused) or 2 (too late), then
-- the server's time in ms. For each account follow 13 numbers: recipients,
-- messages and bytes of the hour; the same, reserved; the time (s) at which the
-- next ones fit or 0; whether this account refuses (0 or 1); unit and window
-- of the limit that has room last (from 0); when the next ones fit the hour; a
-- bit for each window that is limited; and one for each that has counts. Then,
-- for each account and each limited window but the hour: recipients, messages,
-- bytes, and when the next ones fit.
--
-- Example, which changes nothing: how much of 1000 recipients has alice used?
--   redis-cli --eval ledger.lua millgate:account:alice , \
--       9999999999999 usage -1 600000 '' 0 0 1000 -1 ''
--
-- An account is a hash. Field "b<minute>" has the committed counts of that
-- minute, "<recipients> <messages> <bytes>"; bytes are left out if they are 0.
-- Field "h<id>" is one reservation, "<recipients> <messages> <until, ms>". Its
-- numbers are absolute: a step whose answer was lost is corrected by the next
-- one.
--
-- The hash "millgate:windows:LOGIN" has the other windows. Fields "m<second>",
-- "d<quarter of an hour>" and "M<six hours>", all since the epoch, have counts
-- like a minute's; "x<id>" has a reservation's bytes, "<bytes> <until, ms>".
--
-- Daemons of different versions share a server: each loads its own script and
-- calls it by its digest. Keys, fields and their meaning must therefore stay.
-- An older one does not know bytes and windows: there its mail is missing.
--
-- Lua's numbers are doubles and print as %.14g: milliseconds since the epoch
-- have 13 digits, and counts no more than 10. Bytes have up to 16.

local time = redis.call('TIME')
local real = time[1] * 1000 + math.floor(time[2] / 1000)
if real > tonumber(ARGV[1]) then return {2, real} end
local op, clock = ARGV[2], tonumber(ARGV[3])
local life, id, held = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])
if clock < 0 then clock = math.floor(real / 1000) end
local minute = math.floor(clock / 60)
local MAX = 4294967295
local BYTES = 9007199254740991
local function cap(n) return math.min(n, MAX) end
local function digits(n) return string.format('%.0f', n) end
local function counts(r, m, b)
	return r .. ' ' .. m .. (b > 0 and ' ' .. digits(b) or '')
end
-- DAY in minutes. LEASES in ms, twice STORE_LEASE: no reservation holds for
-- longer. FORGET in s: an account without a write expires after that time.
local DAY, LEASES, FORGET = 1440, 1200000, 3700

-- settings --------------------------------------------------------------------
-- A hash: field LOGIN is "<recipients or -> <messages or -> <blocked until>
-- <block> <changed> <reason>". ARGV[6] are the parts to set (enum store_part),
-- ARGV[7] to ARGV[12] the six values. Other limits, and those of an hour that
-- end, are in the field "LOGIN\nlimits", whose value looks like a setting
-- without any part, and has them as its reason: "rd=20000@1764547200 bM=-".
-- ARGV[13] are those to set; "none" removes one.
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
	local cells, names, text = {}, {}, {}
	local limits = redis.call('HGET', KEYS[1], id .. '\nlimits') or ''
	for name, v in limits:gmatch('(%a%a)=(%S+)') do cells[name] = v end
	for name, v in (ARGV[13] or ''):gmatch('(%a%a)=(%S+)') do
		cells[name] = v ~= 'none' and v or nil
	end
	for name in pairs(cells) do names[#names + 1] = name end
	table.sort(names)
	for i, name in ipairs(names) do text[i] = name .. '=' .. cells[name] end
	if #names > 0 then
		redis.call('HSET', KEYS[1], id .. '\nlimits', '- - 0 0 ' ..
		    v[5] .. ' ' .. table.concat(text, ' '))
	elseif limits ~= '' then
		redis.call('HDEL', KEYS[1], id .. '\nlimits')
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
-- Windows by their letter: number, seconds and count of their slots, letter of
-- the next shorter one. The tables are made on demand: a decision about the
-- hour alone, with room in it, does not need them.
local SHAPES, ORDER, OTHERS, UNITS
local function need_shapes()
	if SHAPES then return end
	SHAPES = {
		m = { n = 0, s = 1, slots = 61 },
		h = { n = 1, s = 60, slots = 60 },
		d = { n = 2, s = 900, slots = 97 },
		M = { n = 3, s = 21600, slots = 121, shorter = 'd' },
	}
	for _, shape in pairs(SHAPES) do
		shape.at = math.floor(clock / shape.s)
	end
	ORDER, OTHERS = { 'm', 'h', 'd', 'M' }, { 'm', 'd', 'M' }
	UNITS = { 'r', 'm', 'b' }
end
local bytes = tonumber(ARGV[7] or 0) or 0
local naccounts = 0
while naccounts < #KEYS and KEYS[naccounts + 1]:sub(1, 17) ==
    'millgate:account:' do naccounts = naccounts + 1 end

-- Limits of an account: limit[window][unit]. Most have some of the hour, and no
-- others: no table is made for what is not there.
local NONE = {}
local function limits(i)
	local r, m = tonumber(ARGV[5 + 3 * i] or -1),
	    tonumber(ARGV[6 + 3 * i] or -1)
	local l = { m = NONE, d = NONE, M = NONE,
	    h = { r = r >= 0 and r or nil, m = m >= 0 and m or nil } }
	local text = ARGV[7 + 3 * i]
	if not text or text == '' then return l, false end
	for u, w, n in text:gmatch('([rmb])([mhdM])=(%d+)') do
		if l[w] == NONE then l[w] = {} end
		l[w][u] = tonumber(n)
	end
	return l, true
end
-- Sums of the committed counts (r, m, b) of the hour and of the other
-- reservations (hr, hm, hb), and the recipients of this reservation (own).
-- All fields that every account gets are here: a table that grows costs more.
local function load(i)
	local limit, others = limits(i)
	local all = redis.call('HGETALL', KEYS[i])
	local a = { key = KEYS[i], lapsed = {}, stray = {}, n = 0,
	    newest = minute, windows = KEYS[naccounts + i], w = {},
	    r = 0, m = 0, b = 0, hr = 0, hm = 0, hb = 0, own = 0, ownb = 0,
	    limit = limit, others = others, all = all, missing = 0,
	    refused = false, next_fit = 0, unit = 0, window = 0 }
	for f = 1, #all, 2 do
		local r, m, u = all[f + 1]:match('^(%d+) (%d+) ?(%d*)$')
		local at = tonumber(all[f]:match('^b(%d+)$'))
		if at and m then
			r, m, a.n = tonumber(r), tonumber(m), a.n + 1
			u = tonumber(u) or 0
			if at > minute + DAY then
				a.stray[#a.stray + 1] = all[f]
				at = minute
			end
			a.newest = math.max(a.newest, at)
			if at == minute then
				a.now_r = cap((a.now_r or 0) + r)
				a.now_m = cap((a.now_m or 0) + m)
				a.now_b = math.min((a.now_b or 0) + u, BYTES)
			end
			if at + 59 >= minute then
				a.r, a.m, a.b = a.r + r, a.m + m, a.b + u
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
			local r, m, b = a.all[f + 1]:match(
			    '^(%d+) (%d+) ?(%d*)$')
			list[#list + 1] = { at = at, r = tonumber(r),
			    m = tonumber(m), b = tonumber(b) or 0 }
		end
	end
	table.sort(list, function(x, y) return x.at < y.at end)
	return list
end

-- other windows ---------------------------------------------------------------
-- Each has the sums of its slots (r, m, b), their number (n), and what this
-- slot has (now). A map of the slots costs more than that, so it is made on
-- demand. a.gone are fields that the next write deletes: of slots that are
-- over, and of those more than a day ahead, which count as now.
local function slot_add(map, at, r, m, b)
	local t = map[at]
	if not t then
		t = { at = at, r = 0, m = 0, b = 0 }
		map[at] = t
	end
	t.r, t.m, t.b = cap(t.r + r), cap(t.m + m), math.min(t.b + b, BYTES)
	return t
end
local function sum_add(w, at, r, m, b)
	w.n, w.r, w.m, w.b = w.n + 1, w.r + r, w.m + m, w.b + b
	if at == w.shape.at then
		w.now = w.now or { at = at, r = 0, m = 0, b = 0 }
		w.now.r, w.now.m = cap(w.now.r + r), cap(w.now.m + m)
		w.now.b = math.min(w.now.b + b, BYTES)
	end
end
-- The map; w.slot stays once it is made, and w.own is the slot that counted
-- something since it was read.
local function slot_map(a, letter)
	local w = a.w[letter]
	if w.slot then return w.slot end
	w.slot = {}
	for f = 1, #a.raw, 2 do
		if a.raw[f]:byte(1) == letter:byte(1) then
			local at = tonumber(a.raw[f]:sub(2))
			local r, m, b =
			    a.raw[f + 1]:match('^(%d+) (%d+) ?(%d*)$')
			if at > w.last then at = w.shape.at end
			if at >= w.first then
				slot_add(w.slot, at, tonumber(r), tonumber(m),
				    tonumber(b) or 0)
			end
		end
	end
	if w.own then w.slot[w.own.at] = w.own end
	return w.slot
end
-- A window without counts begins with what a shorter one knows.
local function seed(a, letter)
	local w, shorter = a.w[letter], SHAPES[letter].shorter
	if letter == 'm' or w.n > 0 then return end
	local from, seconds = {}, 60
	if shorter and a.w[shorter].n > 0 and not a.w[shorter].seeded then
		seconds = SHAPES[shorter].s
		for _, t in pairs(slot_map(a, shorter)) do
			from[#from + 1] = t
		end
	elseif a.n > 0 then
		from = buckets(a)
	end
	for _, t in ipairs(from) do
		local at = math.floor(t.at * seconds / w.shape.s)
		if at >= w.first then
			w.slot = w.slot or {}
			slot_add(w.slot, at, t.r, t.m, t.b)
			sum_add(w, at, t.r, t.m, t.b)
			w.seeded = true
		end
	end
end
local function load_bytes(a, field, value)
	local b, u = value:match('^(%d+) (%d+)$')
	-- 120 is "x"
	if field:byte(1) ~= 120 or not u then
		error('WRONGTYPE field ' .. field)
	elseif field == 'x' .. id then
		if lives(u) then a.ownb = tonumber(b) end
	elseif lives(u) then
		a.hb = a.hb + b
	else
		a.lapsed_bytes[#a.lapsed_bytes + 1] = field
	end
end
local function load_windows(a, raw)
	local by_byte = {}
	need_shapes()
	for _, letter in ipairs(OTHERS) do
		local shape = SHAPES[letter]
		a.w[letter] = { n = 0, r = 0, m = 0, b = 0, shape = shape,
		    first = shape.at - shape.slots + 1,
		    last = shape.at + 86400 / shape.s }
		by_byte[letter:byte(1)] = a.w[letter]
	end
	a.loaded, a.gone, a.lapsed_bytes, a.raw = true, {}, {}, raw
	for f = 1, #raw, 2 do
		local w = by_byte[raw[f]:byte(1)]
		if w then
			local at = tonumber(raw[f]:sub(2))
			local r, m, b =
			    raw[f + 1]:match('^(%d+) (%d+) ?(%d*)$')
			if not at or not r then
				error('WRONGTYPE field ' .. raw[f])
			end
			if at > w.last then
				a.gone[#a.gone + 1] = raw[f]
				at, w.moved = w.shape.at, true
			end
			if at >= w.first then
				sum_add(w, at, tonumber(r), tonumber(m),
				    tonumber(b) or 0)
			else
				a.gone[#a.gone + 1] = raw[f]
			end
		else
			load_bytes(a, raw[f], raw[f + 1])
		end
	end
	for _, letter in ipairs(OTHERS) do
		if next(a.limit[letter]) then seed(a, letter) end
	end
end
-- The slots of a window, oldest first.
local function slots(a, letter)
	if letter == 'h' then return buckets(a) end
	local list = {}
	for _, t in pairs(slot_map(a, letter)) do list[#list + 1] = t end
	table.sort(list, function(x, y) return x.at < y.at end)
	return list
end
-- What is counted in a window now.
local function used(a, letter)
	return letter == 'h' and a or a.w[letter]
end

-- judging ---------------------------------------------------------------------
-- The time (s) at which so many of the unit have left the window.
local function when_over(a, letter, unit, over)
	local shape, sum = SHAPES[letter], 0
	local when = shape.at
	for _, t in ipairs(slots(a, letter)) do
		if sum >= over then break end
		if t.at + shape.slots > shape.at then
			sum, when = sum + t[unit], t.at + shape.slots
		end
	end
	if sum < over and when < shape.at + shape.slots then
		when = shape.at + shape.slots
	end
	return when * shape.s
end
-- Does so much more fit? `more` has the numbers by unit; `whole` are the bytes
-- of the message: a limit below them never has room.
local function judge_window(a, letter, more, held, whole)
	local limit, sum, never = a.limit[letter], used(a, letter), false
	for u, unit in ipairs(UNITS) do
		local n, most = more[unit], limit[unit]
		if most and n > 0 and sum[unit] + held[unit] + n > most then
			local fits = 0
			if (unit == 'b' and whole or 1) > most then
				never = true
			else
				fits = when_over(a, letter, unit,
				    sum[unit] + held[unit] + n - most)
			end
			a.fits[letter] = math.max(a.fits[letter] or 0, fits)
			if not a.refused or (a.next_fit ~= 0 and (fits == 0 or
			    fits > a.next_fit)) then
				a.unit, a.window = u - 1, SHAPES[letter].n
				a.next_fit = fits
			end
			a.refused = true
		end
	end
	if never then a.fits[letter] = 0 end
end
local function judge(a, r, m, b, whole)
	a.refused, a.next_fit, a.unit, a.window = false, 0, 0, 0
	a.fits = nil
	-- most have limits of the hour alone, and room
	local h = a.limit.h
	if not a.others and not (h.r and r > 0 and a.r + a.hr + r > h.r) and
	    not (h.m and m > 0 and a.m + a.hm + m > h.m) then
		return true
	end
	need_shapes()
	a.fits = {}
	local more, held = { r = r, m = m, b = b },
	    { r = a.hr, m = a.hm, b = a.hb }
	if not a.others then
		judge_window(a, 'h', more, held, whole)
		return not a.refused
	end
	for _, letter in ipairs(ORDER) do
		if next(a.limit[letter]) then
			judge_window(a, letter, more, held, whole)
		end
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
	    counts(a.now_r, a.now_m, a.now_b))
	a.n = a.n - #a.stray
	keep(a)
end
-- Delete at most 1000 fields: unpack() has a limit.
local function delete(key, fields)
	if #fields > 0 then
		redis.call('HDEL', key, unpack(fields, 1,
		    math.min(#fields, 1000)))
	end
end
-- The other windows expire a day after their last slot; a slot may be a day
-- ahead. A reservation lives for less than a day.
local function keep_windows(a)
	local life = 0
	for _, letter in ipairs(OTHERS) do
		if a.w[letter].n > 0 then
			life = SHAPES[letter].s * SHAPES[letter].slots
		end
	end
	redis.call('EXPIRE', a.windows, life + 2 * 86400)
end
-- The bytes that the reservation holds from now on; 0 ends it.
local function hold_bytes(a, n)
	if not a.loaded or not a.windows then return end
	delete(a.windows, a.lapsed_bytes)
	if n > 0 then
		redis.call('HSET', a.windows, 'x' .. id, digits(n) .. ' ' ..
		    digits(real + life))
		keep_windows(a)
	elseif a.ownb > 0 then
		redis.call('HDEL', a.windows, 'x' .. id)
	end
end
-- The reservation holds n recipients from now on; 0 ends it. Lapsed
-- reservations of others are removed.
local function hold(a, n)
	move(a)
	delete(a.key, a.lapsed)
	if n > 0 then
		redis.call('HSET', a.key, 'h' .. id, n .. ' 1 ' ..
		    digits(real + life))
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
	return left < 180 and { at = minute, r = 0, m = 0, b = 0 } or
	    list[#list]
end
local function count(a, r, m, n)
	local b = { at = minute, r = a.now_r or 0, m = a.now_m or 0,
	    b = a.now_b or 0 }
	if not a.now_r and a.n >= 180 then b = make_room(a) end
	b.r, b.m, b.b = cap(b.r + r), cap(b.m + m), math.min(b.b + n, BYTES)
	a.slot, a.r, a.m, a.b = b, a.r + r, a.m + m, a.b + n
	redis.call('HSET', a.key, 'b' .. b.at, counts(b.r, b.m, b.b))
	keep(a)
end
-- In the other windows: those that are limited, or have counts. When a window
-- is full of slots in the future, its newest slot counts the new ones.
local function count_window(a, letter, r, m, n)
	local w = a.w[letter]
	if w.n == 0 and not next(a.limit[letter]) then return end
	local own, write = w.now, {}
	if w.seeded or w.moved then write = slots(a, letter) end
	if not own and w.n >= 2 * w.shape.slots then
		local list = slots(a, letter)
		own = list[#list]
	end
	own = own or { at = w.shape.at, r = 0, m = 0, b = 0 }
	own = { at = own.at, r = cap(own.r + r), m = cap(own.m + m),
	    b = math.min(own.b + n, BYTES) }
	w.own, w.r, w.m, w.b = own, w.r + r, w.m + m, w.b + n
	if w.n == 0 then w.n = 1 end
	if w.slot then w.slot[own.at] = own end
	for _, t in ipairs(write) do
		redis.call('HSET', a.windows, letter .. t.at,
		    counts(t.r, t.m, t.b))
	end
	redis.call('HSET', a.windows, letter .. own.at,
	    counts(own.r, own.m, own.b))
	a.counted = true
end
local function count_windows(a, r, m, n)
	if not a.loaded or not a.windows then return end
	delete(a.windows, a.gone)
	for _, letter in ipairs(OTHERS) do
		count_window(a, letter, r, m, n)
	end
	if a.counted then keep_windows(a) end
end

-- operations ------------------------------------------------------------------
local accounts, fits = {}, true
for i = 1, naccounts do accounts[i] = load(i) end
for _, a in ipairs(accounts) do
	if a.others or (op ~= 'take' and op ~= 'hold') then
		local all = a.windows and
		    redis.call('HGETALL', a.windows) or {}
		if a.others or #all > 0 then load_windows(a, all) end
	end
end
-- b nil: the bytes that the account's reservation does not have yet.
local function judge_all(r, m, b, whole)
	local ok = true
	for _, a in ipairs(accounts) do
		ok = judge(a, r, m, b or a.missing, whole) and ok
	end
	return ok
end
-- After a restart or the end of its lease, the reservation holds less than its
-- owner believes. Then all of it must fit once more. Bytes may be missing, too,
-- because the message is larger than announced.
local lost = false
for _, a in ipairs(accounts) do
	lost = lost or a.own < held
	a.missing = math.max(0, bytes - a.ownb)
end
if op == 'take' then
	local had = lost and 0 or held
	local m = had > 0 and 1 or 0
	for _, a in ipairs(accounts) do
		a.hr, a.hm, a.hb = a.hr + had, a.hm + m, a.hb + a.ownb
	end
	-- of a message whose size is not known, an octet must fit
	if bytes > 0 then
		fits = judge_all(held + 1 - had, 1 - m, nil, bytes)
	else
		fits = judge_all(held + 1 - had, 1 - m, 1, 1)
	end
	for _, a in ipairs(accounts) do
		hold(a, fits and held + 1 or had)
		if fits then
			a.hr, a.hm = a.hr + held + 1 - had, a.hm + 1 - m
			a.hb = a.hb - a.ownb + math.max(a.ownb, bytes)
			hold_bytes(a, math.max(a.ownb, bytes))
		elseif a.ownb > 0 then
			hold_bytes(a, a.ownb)
		end
	end
elseif op == 'commit' then
	if lost then
		fits = judge_all(held, 1, bytes, bytes)
	elseif held > 0 and bytes > 0 then
		for _, a in ipairs(accounts) do a.hb = a.hb + a.ownb end
		fits = judge_all(0, 0, nil, bytes)
		for _, a in ipairs(accounts) do a.hb = a.hb - a.ownb end
	end
	for _, a in ipairs(accounts) do
		hold(a, 0)
		hold_bytes(a, 0)
		if fits and held > 0 then
			count_windows(a, held, 1, bytes)
			count(a, held, 1, bytes)
		end
	end
	if fits then judge_all(1, 1, 1, 1) end
elseif op == 'hold' then
	for _, a in ipairs(accounts) do
		hold(a, lost and 0 or held)
		if lost or held == 0 then hold_bytes(a, 0) end
	end
elseif op == 'reset' then
	for _, a in ipairs(accounts) do
		for f = 1, #a.all, 2 do
			-- 98 is "b"
			if a.all[f]:byte(1) == 98 then
				redis.call('HDEL', a.key, a.all[f])
			end
		end
		for _, letter in ipairs(a.loaded and OTHERS or {}) do
			for at in pairs(slot_map(a, letter)) do
				redis.call('HDEL', a.windows, letter .. at)
			end
		end
		if a.loaded then delete(a.windows, a.gone) end
	end
elseif op == 'usage' then
	fits = judge_all(1, 1, 1, 1)
end

-- answer ----------------------------------------------------------------------
local answer = { fits and 1 or 0, real }
for _, a in ipairs(accounts) do
	local mask, kept = 2, a.r + a.m > 0 and 2 or 0
	for _, letter in ipairs(a.loaded and OTHERS or NONE) do
		local bit = 2 ^ SHAPES[letter].n
		if next(a.limit[letter]) then mask = mask + bit end
		if a.w[letter].n > 0 then kept = kept + bit end
	end
	local n = #answer
	answer[n + 1], answer[n + 2] = cap(a.r), cap(a.m)
	answer[n + 3] = math.min(a.b, BYTES)
	answer[n + 4], answer[n + 5] = cap(a.hr), cap(a.hm)
	answer[n + 6] = math.min(a.hb, BYTES)
	answer[n + 7], answer[n + 8] = a.next_fit, a.refused and 1 or 0
	answer[n + 9], answer[n + 10] = a.unit, a.window
	answer[n + 11] = a.fits and a.fits.h or 0
	answer[n + 12], answer[n + 13] = mask, kept
end
for _, a in ipairs(accounts) do
	for _, letter in ipairs(a.loaded and OTHERS or NONE) do
		if next(a.limit[letter]) then
			local sum, n = a.w[letter], #answer
			answer[n + 1], answer[n + 2] = cap(sum.r), cap(sum.m)
			answer[n + 3] = math.min(sum.b, BYTES)
			answer[n + 4] = a.fits and a.fits[letter] or 0
		end
	end
end
return answer
