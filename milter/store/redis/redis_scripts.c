/*
 * redis_scripts - what runs on the Redis server: the ledger, in Lua
 *
 * The same rules as accounts.c and hour.c, and both pass the same tests. A
 * script is atomic: nobody sees half of it. It reads all before it writes,
 * so that what cannot be read changes nothing.
 *
 * An account is a hash. A field "b<minute>" is what was committed in that
 * minute, "<recipients> <messages>". A field "h<id>" is what one reservation
 * holds, "<recipients> <messages> <until, ms>"; it is absolute, so that a
 * step whose answer was lost is put right by the next one.
 *
 * Lua's numbers are doubles and print as %.14g: milliseconds since the epoch
 * have 13 digits, and counts no more than 10.
 *
 * What the future has was written by a clock that has been set back since. A
 * minute of it counts until it is over; one more than a day ahead is taken for
 * this minute, and moved to it by who writes next. A reservation that would
 * hold for longer than anybody reserves is over.
 */
#include "redis_scripts_priv.h"

#define BEGIN \
"-- millgate: quotas, recipients and messages of a rolling hour\n" \
"-- ARGV: the time (ms) after which nobody waits for the answer, operation,\n"\
"-- the clock (s, -1: this server's), lifetime of a reservation (ms), its\n" \
"-- id, the recipients that it holds, then for each of KEYS the limits of\n" \
"-- recipients and of messages, -1: none\n" \
"local time = redis.call('TIME')\n" \
"local real = time[1] * 1000 + math.floor(time[2] / 1000)\n" \
"if real > tonumber(ARGV[1]) then return {2, real} end\n" \
"local op, clock = ARGV[2], tonumber(ARGV[3])\n" \
"local life, id, held = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6])\n" \
"if clock < 0 then clock = math.floor(real / 1000) end\n" \
"local minute = math.floor(clock / 60)\n" \
"local MAX = 4294967295\n" \
"local function cap(n) return math.min(n, MAX) end\n" \
"local DAY, LEASES = 1440, " REDIS_LEASES "\n"

/*
 * Settings are a hash of their own: login, "<recipients or -> <messages or ->
 * <blocked until> <block> <changed> <reason>". Here id is the login, held the
 * parts that are set (enum store_part), and six values follow.
 */
#define SETTINGS \
"if op == 'set' then\n" \
"	local old = redis.call('HGET', KEYS[1], id) or '- - 0 0 0 '\n" \
"	local v = { old:match('^(%S+) (%S+) (%d+) (%d) (%d+) (.*)$') }\n" \
"	if #v < 6 then error('WRONGTYPE setting of ' .. id) end\n" \
"	local function part(bit, first, last)\n" \
"		if math.floor(held / bit) % 2 == 0 then return end\n" \
"		for i = first, last do v[i] = ARGV[6 + i] end\n" \
"	end\n" \
"	part(1, 1, 1)\n" \
"	part(2, 2, 2)\n" \
"	part(4, 3, 4)\n" \
"	part(4, 6, 6)\n" \
"	v[5] = ARGV[11]\n" \
"	if v[1] == '-' and v[2] == '-' and v[3] == '0' then\n" \
"		redis.call('HDEL', KEYS[1], id)\n" \
"	else\n" \
"		redis.call('HSET', KEYS[1], id, table.concat(v, ' '))\n" \
"	end\n" \
"	return { 1, real }\n" \
"end\n"

/* Since when the server has counted: it changes when all was lost. */
#define SINCE \
"if op == 'since' then\n" \
"	local at = redis.call('HGET', KEYS[1], 'since')\n" \
"	if not at then\n" \
"		at = string.format('%.0f', time[1] * 1000000 + time[2])\n" \
"		redis.call('HSET', KEYS[1], 'since', at)\n" \
"	elseif not at:match('^%d+$') then\n" \
"		error('WRONGTYPE ' .. KEYS[1])\n" \
"	end\n" \
"	return { 1, real, tonumber(at) }\n" \
"end\n"

/*
 * Sums of what is committed (r, m) and of what others hold (hr, hm), and what
 * this reservation holds (own). A list of the minutes costs more than all of
 * the rest, so it is made when somebody asks for it.
 */
#define LOAD \
"local function lives(u)\n" \
"	u = tonumber(u)\n" \
"	return u > real and u <= real + LEASES\n" \
"end\n" \
"local function load(i)\n" \
"	local a = { key = KEYS[i], lapsed = {}, stray = {}, n = 0,\n" \
"	    newest = minute,\n" \
"	    r = 0, m = 0, hr = 0, hm = 0, own = 0,\n" \
"	    limit_r = tonumber(ARGV[5 + 2 * i]),\n" \
"	    limit_m = tonumber(ARGV[6 + 2 * i]) }\n" \
"	local all = redis.call('HGETALL', a.key)\n" \
"	a.all = all\n" \
"	for f = 1, #all, 2 do\n" \
"		local r, m, u = all[f + 1]:match('^(%d+) (%d+) ?(%d*)$')\n" \
"		local at = tonumber(all[f]:match('^b(%d+)$'))\n" \
"		if at and m then\n" \
"			r, m, a.n = tonumber(r), tonumber(m), a.n + 1\n" \
"			if at > minute + DAY then\n" \
"				a.stray[#a.stray + 1] = all[f]\n" \
"				at = minute\n" \
"			end\n" \
"			a.newest = math.max(a.newest, at)\n" \
"			if at == minute then\n" \
"				a.now_r = cap((a.now_r or 0) + r)\n" \
"				a.now_m = cap((a.now_m or 0) + m)\n" \
"			end\n" \
"			if at + 59 >= minute then\n" \
"				a.r, a.m = a.r + r, a.m + m\n" \
"			end\n" \
"		elseif all[f]:byte(1) ~= 104 or not m or u == '' then\n" \
"			error('WRONGTYPE field ' .. all[f])\n" \
"		elseif all[f] == 'h' .. id then\n" \
"			a.mine = true\n" \
"			if lives(u) then a.own = tonumber(r) end\n" \
"		elseif lives(u) then\n" \
"			a.hr, a.hm = a.hr + r, a.hm + m\n" \
"		else\n" \
"			a.lapsed[#a.lapsed + 1] = all[f]\n" \
"		end\n" \
"	end\n" \
"	return a\n" \
"end\n" \
/* the oldest first; slot: what was counted since it was loaded */ \
"local function buckets(a)\n" \
"	local list = { a.slot }\n" \
"	for f = 1, #a.all, 2 do\n" \
"		local at = tonumber(a.all[f]:match('^b(%d+)$'))\n" \
"		if at and at > minute + DAY then at = minute end\n" \
"		if at and not (a.slot and a.slot.at == at) then\n" \
"			local r, m = a.all[f + 1]:match('(%d+) (%d+)')\n" \
"			list[#list + 1] = { at = at, r = r, m = m }\n" \
"		end\n" \
"	end\n" \
"	table.sort(list, function(x, y) return x.at < y.at end)\n" \
"	return list\n" \
"end\n"

/* How many are too many if `n` more come, and when they will fit. */
#define JUDGE \
"local function excess(used, n, limit)\n" \
"	if limit < 0 or used + n <= limit then return 0 end\n" \
"	return used + n - limit\n" \
"end\n" \
"local function when_over(a, r, m)\n" \
"	local sr, sm, when = 0, 0, minute\n" \
"	for _, b in ipairs(buckets(a)) do\n" \
"		if sr >= r and sm >= m then break end\n" \
"		if b.at + 59 >= minute then\n" \
"			sr, sm, when = sr + b.r, sm + b.m, b.at + 60\n" \
"		end\n" \
"	end\n" \
"	if (sr < r or sm < m) and when < minute + 60 then\n" \
"		when = minute + 60\n" \
"	end\n" \
"	return when * 60\n" \
"end\n" \
"local function judge(a, r, m)\n" \
"	local xr = excess(a.r + a.hr, r, a.limit_r)\n" \
"	local xm = m > 0 and excess(a.m + a.hm, m, a.limit_m) or 0\n" \
"	a.refused, a.by_messages = xr + xm > 0, xr == 0 and xm > 0\n" \
"	a.next_fit = 0\n" \
"	if a.refused and not (xr > 0 and a.limit_r == 0) and\n" \
"	    not (xm > 0 and a.limit_m == 0) then\n" \
"		a.next_fit = when_over(a, xr, xm)\n" \
"	end\n" \
"	return not a.refused\n" \
"end\n"

/* Writing: what a reservation holds, and what is committed. */
#define WRITE \
"local function keep(a)\n" \
"	redis.call('EXPIRE', a.key, " REDIS_FORGET " +\n" \
"	    (a.newest - minute) * 60)\n" \
"end\n" \
"local function move(a)\n" \
"	if #a.stray == 0 then return end\n" \
"	redis.call('HDEL', a.key, unpack(a.stray))\n" \
"	redis.call('HSET', a.key, 'b' .. minute,\n" \
"	    a.now_r .. ' ' .. a.now_m)\n" \
"	a.n = a.n - #a.stray\n" \
"	keep(a)\n" \
"end\n" \
"local function hold(a, n)\n" \
"	move(a)\n" \
"	if #a.lapsed > 0 then\n" \
"		redis.call('HDEL', a.key, unpack(a.lapsed, 1,\n" \
"		    math.min(#a.lapsed, 1000)))\n" \
"	end\n" \
"	if n > 0 then\n" \
"		redis.call('HSET', a.key, 'h' .. id, n .. ' 1 ' ..\n" \
"		    string.format('%.0f', real + life))\n" \
"		keep(a)\n" \
"	elseif a.mine then\n" \
"		redis.call('HDEL', a.key, 'h' .. id)\n" \
"	end\n" \
"end\n" \
/* 180 minutes at most: then those of more than two hours ago go; when the
 * rest is of the future, what comes is counted in the newest one */ \
"local function make_room(a)\n" \
"	local list, left = buckets(a), a.n\n" \
"	for _, b in ipairs(list) do\n" \
"		if b.at + 119 < minute then\n" \
"			redis.call('HDEL', a.key, 'b' .. b.at)\n" \
"			left = left - 1\n" \
"		end\n" \
"	end\n" \
"	return left < 180 and { at = minute, r = 0, m = 0 } or list[#list]\n" \
"end\n" \
"local function count(a, r, m)\n" \
"	local b = { at = minute, r = a.now_r or 0, m = a.now_m or 0 }\n" \
"	if not a.now_r and a.n >= 180 then b = make_room(a) end\n" \
"	b.r, b.m = cap(b.r + r), cap(b.m + m)\n" \
"	a.slot, a.r, a.m = b, a.r + r, a.m + m\n" \
"	redis.call('HSET', a.key, 'b' .. b.at, b.r .. ' ' .. b.m)\n" \
"	keep(a)\n" \
"end\n"

#define OPERATIONS \
"local accounts, fits = {}, true\n" \
"for i = 1, #KEYS do accounts[i] = load(i) end\n" \
"local function judge_all(r, m)\n" \
"	local ok = true\n" \
"	for _, a in ipairs(accounts) do ok = judge(a, r, m) and ok end\n" \
"	return ok\n" \
"end\n" \
/* the reservation is not what its owner thinks, by a restart or by time: all
 * of it must fit once more */ \
"local lost = false\n" \
"for _, a in ipairs(accounts) do lost = lost or a.own < held end\n" \
"if op == 'take' then\n" \
"	local had = lost and 0 or held\n" \
"	local m = had > 0 and 1 or 0\n" \
"	for _, a in ipairs(accounts) do\n" \
"		a.hr, a.hm = a.hr + had, a.hm + m\n" \
"	end\n" \
"	fits = judge_all(held + 1 - had, 1 - m)\n" \
"	for _, a in ipairs(accounts) do\n" \
"		hold(a, fits and held + 1 or had)\n" \
"		if fits then\n" \
"			a.hr, a.hm = a.hr + held + 1 - had, a.hm + 1 - m\n" \
"		end\n" \
"	end\n" \
"elseif op == 'commit' then\n" \
"	if lost then fits = judge_all(held, 1) end\n" \
"	for _, a in ipairs(accounts) do\n" \
"		hold(a, 0)\n" \
"		if fits and held > 0 then count(a, held, 1) end\n" \
"	end\n" \
"	if fits then judge_all(1, 1) end\n" \
"elseif op == 'hold' then\n" \
"	for _, a in ipairs(accounts) do hold(a, lost and 0 or held) end\n" \
"elseif op == 'reset' then\n" \
"	for _, a in ipairs(accounts) do\n" \
"		for f = 1, #a.all, 2 do\n" \
"			if a.all[f]:byte(1) == 98 then\n" \
"				redis.call('HDEL', a.key, a.all[f])\n" \
"			end\n" \
"		end\n" \
"	end\n" \
"elseif op == 'usage' then\n" \
"	fits = judge_all(1, 1)\n" \
"end\n"

#define ANSWER \
"local answer = { fits and 1 or 0, real }\n" \
"for _, a in ipairs(accounts) do\n" \
"	for _, n in ipairs({ cap(a.r), cap(a.m), cap(a.hr), cap(a.hm),\n" \
"	    a.next_fit or 0, a.refused and 1 or 0,\n" \
"	    a.by_messages and 1 or 0 }) do\n" \
"		answer[#answer + 1] = n\n" \
"	end\n" \
"end\n" \
"return answer\n"

const char redis_ledger_script[] =
    BEGIN SETTINGS SINCE LOAD JUDGE WRITE OPERATIONS ANSWER;
