-- SPDX-License-Identifier: BSD-3-Clause
-- Offers Ephemera the queries of a pcap at a set rate, for Pktgen-DPDK:
--
--   RATE=20 SECONDS=10 OUT=result.json pktgen -l 0-4 -n 4 -- -P -m "[1-2:3-4].0" -s 0:queries.pcap -f rate.lua
--
-- Settings are environment variables:
--   RATE      share of the link's speed in percent, fractions too (10); a list such as 5,10,20 runs one after another
--   SECONDS   of each run (10)
--   WARM_UP   seconds before each run that do not count: caches and neighbours fill (1)
--   SETTLE    seconds to wait for the last responses (2)
--   SEND      the port that sends (0)
--   RECEIVE   the port where the responses arrive (that of SEND)
--   OUT       file for the results, a line of JSON for each rate (none)
--   QUIT      1: leave Pktgen at the end (0)
-- README.md beside this file explains the figures.

local function setting(name, default)
	local value = os.getenv(name)
	return (value == nil or value == "") and default or value
end

local function number_setting(name, default)
	local value = tonumber(setting(name, default))
	if value == nil or value < 0 then
		error(name .. " must be a number, not " .. setting(name, default))
	end
	return value
end

local send = setting("SEND", "0")
local receive = setting("RECEIVE", send)
local seconds = number_setting("SECONDS", "10")
local warm_up = number_setting("WARM_UP", "1")
local settle = number_setting("SETTLE", "2")

-- What a port has counted since it was cleared. Since release 26 portStats takes one argument and has the counters in
-- a table `curr`; before, it took two and had them at the top.
local function counters(port)
	local ok, all = pcall(pktgen.portStats, port)
	if not ok then
		all = pktgen.portStats(port, "port")
	end
	local one = all[tonumber(port)]
	one = one.curr or one
	return {
		sent = one.opackets, sent_bytes = one.obytes,
		received = one.ipackets, received_bytes = one.ibytes,
		missed = one.imissed or 0, errors = one.ierrors + one.oerrors,
	}
end

local function sent_between(before, after)
	return after.sent - before.sent
end

-- One run: warm up, count from a moment in full flow to the stop, wait for what is still on its way.
local function run(rate)
	pktgen.stop(send)
	pktgen.set(send, "rate", rate)
	pktgen.clr()
	pktgen.start(send)
	pktgen.delay(math.floor(warm_up * 1000))
	local began = counters(send)
	pktgen.delay(math.floor(seconds * 1000))
	local flowing = counters(send)
	pktgen.stop(send)
	pktgen.delay(math.floor(settle * 1000))
	-- Over the whole run, the warm-up too: only so does each response have its query in the figure.
	local out, back = counters(send), counters(receive)
	local lost = out.sent - back.received
	return {
		rate_percent = rate,
		seconds = seconds,
		offered_per_s = seconds > 0 and sent_between(began, flowing) / seconds or 0,
		sent = out.sent,
		received = back.received,
		lost = lost,
		lost_percent = out.sent > 0 and 100 * lost / out.sent or 0,
		missed_by_us = back.missed,
		errors = out.errors + (receive ~= send and back.errors or 0),
	}
end

local columns = {
	"rate_percent", "seconds", "offered_per_s", "sent", "received", "lost", "lost_percent", "missed_by_us", "errors",
}

local function json(result)
	local items = {}
	for _, name in ipairs(columns) do
		items[#items + 1] = string.format('"%s": %.10g', name, result[name])
	end
	return "{" .. table.concat(items, ", ") .. "}"
end

local function main()
	local out
	local path = os.getenv("OUT")
	if path ~= nil and path ~= "" then
		out = assert(io.open(path, "w"))
	end
	pktgen.screen("off")
	pktgen.pcap(send, "on")
	pktgen.set(send, "count", 0) -- until stopped
	for word in string.gmatch(setting("RATE", "10"), "[^,]+") do
		local rate = tonumber(word)
		if rate == nil or rate <= 0 or rate > 100 then
			error("RATE: " .. word .. " is not a share of the link in percent")
		end
		local result = run(rate)
		print(string.format("%7.3f %% of the link: %11.0f queries/s offered, %12.0f sent, %12.0f answered, %10.0f lost (%.4f %%)",
			rate, result.offered_per_s, result.sent, result.received, result.lost, result.lost_percent))
		if out then
			out:write(json(result), "\n")
		end
	end
	if out then
		out:close()
	end
	if setting("QUIT", "0") == "1" then
		pktgen.quit()
	end
end

main()
