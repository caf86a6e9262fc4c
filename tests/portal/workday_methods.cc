#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/calendar.h"
#include "tests/portal/method.h"
#include "tests/portal/text.h"

// timeman.status and timeman.settings (portal docs: timeman-status.md, timeman-settings.md). Of
// somebody who has never begun a day the docs say nothing; here his is closed, without times.

namespace b24::sim {
namespace {

constexpr minutes kLatestStart = kWorkStart + minutes{15};

// Whose day it is: USER_ID, or the caller's own.
const User* asked_user(const Call& call) {
  const Json& id = param(call.params, "USER_ID");
  return call.world.user(id.is_null() ? call.world.owner : to_int(id));
}

Outcome no_such_user() { return fail(400, "", "User not found"); }

std::string clock_text(Unix seconds_of_day) {
  return fmt::format("{:02}:{:02}:{:02}", seconds_of_day / 3600, seconds_of_day / 60 % 60,
                     seconds_of_day % 60);
}

const WorkdayRow* day_of(const World& world, Id user) {
  for (const WorkdayRow& day : world.data.workdays) {
    if (day.user == user) return &day;
  }
  return nullptr;
}

bool is_expired(const World& world, const WorkdayRow& day) {
  const seconds offset = world.options.offset;
  return day.closed == 0 && local_day(day.opened, offset) < local_day(world.now(), offset);
}

const char* status_of(const World& world, const WorkdayRow& day) {
  if (day.closed != 0) return "CLOSED";
  if (is_expired(world, day)) return "EXPIRED";
  return day.paused ? "PAUSED" : "OPENED";
}

Outcome status(Call& call) {
  const World& world = call.world;
  const User* user = asked_user(call);
  if (user == nullptr) return no_such_user();
  const seconds offset = world.options.offset;
  const WorkdayRow* day = day_of(world, user->id);
  std::string out = "{";
  const auto add_time = [&](const char* name, Unix at) {
    key(out, name);
    if (at == 0) {
      out += "null";
    } else {
      time_text(out, at, offset);
    }
  };
  const auto add_text = [&](const char* name, const std::string& text) {
    key(out, name);
    quoted(out, text);
  };
  add_text("STATUS", day == nullptr ? "CLOSED" : status_of(world, *day));
  add_time("TIME_START", day == nullptr ? 0 : day->opened);
  add_time("TIME_FINISH", day == nullptr ? 0 : day->closed);
  const bool over = day != nullptr && day->closed != 0;
  add_text("DURATION", clock_text(over ? day->closed - day->opened - day->breaks : 0));
  add_text("TIME_LEAKS", clock_text(day == nullptr ? 0 : day->breaks));
  out += day == nullptr || day->confirmed ? R"(,"ACTIVE":true)" : R"(,"ACTIVE":false)";
  out += R"(,"IP_OPEN":"","IP_CLOSE":"","LAT_OPEN":0,"LON_OPEN":0,"LAT_CLOSE":0,"LON_CLOSE":0)";
  key(out, "TZ_OFFSET");
  integer(out, offset.count());
  if (day != nullptr && is_expired(world, *day)) {
    add_time("TIME_FINISH_DEFAULT",
             at_local(local_day(day->opened, offset), minutes{kWorkEnd}, offset));
  }
  return ok(out + '}');
}

Outcome settings(Call& call) {
  const User* user = asked_user(call);
  if (user == nullptr) return no_such_user();
  const bool tracked = call.world.tracks_day(*user);
  std::string out = fmt::format(
      R"({{"UF_TIMEMAN":{},"UF_TM_FREE":false,"UF_TM_MAX_START":"{}","UF_TM_MIN_FINISH":"{}",)"
      R"("UF_TM_MIN_DURATION":"08:00:00","UF_TM_ALLOWED_DELTA":"00:15:00")",
      tracked, clock_text(kLatestStart.count() * 60),
      clock_text((kWorkEnd - minutes{15}).count() * 60));
  if (user->id == call.world.owner) {
    out += call.world.options.admin ? R"(,"ADMIN":true)" : R"(,"ADMIN":false)";
  }
  return ok(out + '}');
}

constexpr Method kWorkdayMethods[] = {
    {"timeman.status", "timeman", Cost::call, status},
    {"timeman.settings", "timeman", Cost::call, settings},
};

}  // namespace

std::span<const Method> workday_methods() { return kWorkdayMethods; }

}  // namespace b24::sim
