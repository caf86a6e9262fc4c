#include "daemon/engine/presence.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "daemon/engine/kept.h"
#include "tests/engine/desk.h"

// Who is there and who is not: leave as the portal tells it day by day, and the puller's questions.

namespace b24 {
namespace {

using nlohmann::json;

Time moscow(const char* local) {
  return parse_time(fmt::format("2026-11-{}:00+03:00", local)).value();
}

std::string shown(const std::vector<Absence>& absences) {
  std::string out;
  for (const Absence& a : absences) {
    out += fmt::format("{}{}: {} – {}", out.empty() ? "" : ", ", a.user_id,
                       format_offset(a.from, hours{3}).substr(8, 8),
                       format_offset(a.to, hours{3}).substr(8, 8));
  }
  return out;
}

TEST(LeaveTest, IsKeptDayByDay) {
  const Leave until_20{17, moscow("20T00:00")};
  const Leave until_25{17, moscow("25T00:00")};
  const Absence away{17, moscow("16T00:00"), moscow("21T00:00")};
  const struct {
    const char* what;
    std::vector<Absence> known;
    std::vector<Leave> on_leave;
    const char* absences;
  } cases[] = {
      {"there", {}, {}, ""},
      {"on leave, that day included", {}, {until_25}, "17: 20T00:00 – 26T00:00"},
      {"the last day", {}, {until_20}, "17: 20T00:00 – 21T00:00"},
      {"until some hour: all that day", {}, {{17, moscow("20T18:00")}}, "17: 20T00:00 – 21T00:00"},
      {"on leave, whatever date stands there",
       {},
       {{17, moscow("18T00:00")}},
       "17: 20T00:00 – 21T00:00"},
      {"no date", {}, {{17, std::nullopt}}, "17: 20T00:00 – 21T00:00"},
      {"still on leave: since it was first told", {away}, {until_20}, "17: 16T00:00 – 21T00:00"},
      {"for longer than it was", {away}, {until_25}, "17: 16T00:00 – 26T00:00"},
      {"came back early", {away}, {}, "17: 16T00:00 – 20T12:00"},
      {"was away before",
       {{17, moscow("02T00:00"), moscow("07T00:00")}},
       {},
       "17: 02T00:00 – 07T00:00"},
      {"was away before, and is again",
       {{17, moscow("02T00:00"), moscow("07T00:00")}},
       {until_25},
       "17: 02T00:00 – 07T00:00, 17: 20T00:00 – 26T00:00"},
      {"of somebody nobody asked about nothing changes",
       {{18, moscow("16T00:00"), moscow("25T00:00")}},
       {},
       "18: 16T00:00 – 25T00:00"},
      {"what was long ago is forgotten",
       {{17, moscow("01T00:00") - days{300}, moscow("07T00:00") - days{300}}},
       {},
       ""},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(shown(with_leave(c.known, {17}, c.on_leave, moscow("20T12:00"), hours{3})),
              c.absences)
        << c.what;
  }
}

sim::PortalOptions company(std::set<std::string> without = {}) {
  sim::PortalOptions options = small_company();
  options.managers = 10;  // somebody is on leave
  for (const std::string& scope : without) options.scopes.erase(scope);
  return options;
}

std::vector<std::int64_t> on_leave_at_the_portal(Desk& desk) {
  return json::parse(desk.portal().facts())["absent"].get<std::vector<std::int64_t>>();
}

// The open days at the portal as rows of v_workday.
std::vector<std::string> days_of_the_portal(Desk& desk) {
  std::vector<std::string> days_found;
  const json facts = json::parse(desk.portal().facts());
  for (const auto& manager : facts["managers"]) {
    const auto id = manager.get<std::int64_t>();
    const json day = json::parse(
        desk.portal().call(kWorkdayMethod, fmt::format(R"({{"USER_ID":{}}})", id)))["result"];
    std::string status = day["STATUS"];
    for (char& c : status) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    const auto at = [&](const char* name) {
      return day[name].is_null() ? 0 : to_unix(*parse_time(day[name].get<std::string>()));
    };
    days_found.push_back(
        fmt::format("{} {} {} {}", id, status, at("TIME_START"), at("TIME_FINISH")));
  }
  std::sort(days_found.begin(), days_found.end());
  return days_found;
}

std::vector<std::string> days_of_the_mirror(Desk& desk) {
  std::vector<std::string> days_found;
  const auto table = desk.reader().query(
      "SELECT manager_id, status, opened_at, coalesce(closed_at, 0) FROM v_workday AS w "
      "WHERE opened_at = (SELECT max(l.opened_at) FROM v_workday AS l "
      "                   WHERE l.manager_id = w.manager_id)");
  if (!table) return {table.error().text};
  for (const auto& row : table->rows) {
    days_found.push_back(fmt::format("{} {} {} {}", as_text(row[0]), as_text(row[1]),
                                     as_text(row[2]), as_text(row[3])));
  }
  std::sort(days_found.begin(), days_found.end());
  return days_found;
}

TEST(PullerPresence, IsThatOfThePortal) {
  Desk desk{company()};
  ASSERT_FALSE(desk.pass().error);
  const auto kept = kept_absences(desk.reader(), PresencePart::leave);
  ASSERT_TRUE(kept);
  std::vector<std::int64_t> away;
  for (const Absence& absence : kept->absences) away.push_back(absence.user_id);
  EXPECT_EQ(away, on_leave_at_the_portal(desk));
  EXPECT_FALSE(away.empty());
  EXPECT_EQ(days_of_the_mirror(desk), days_of_the_portal(desk));
  EXPECT_EQ(desk.calls(kLeaveMethod), 1U) << "everybody at once";
  EXPECT_EQ(desk.calls(kWorkdayMethod), 10U) << "managers alone";
  EXPECT_EQ(desk.calls(kWorkdayRulesMethod), 10U);

  desk.portal().mutate(400, 3);
  desk.go_on(hours{1});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kWorkdayRulesMethod), 0U) << "once a day";
  EXPECT_EQ(days_of_the_mirror(desk), days_of_the_portal(desk));
}

// kStart of the desk is a Saturday: nobody works, so the questions come once an hour.
TEST(PullerPresence, AsksEveryTenMinutesWhilePeopleWork) {
  Desk desk{company()};
  const auto asked_after = [&](seconds pause) {
    desk.go_on(pause);
    EXPECT_FALSE(desk.pass().error);
    return desk.calls(kLeaveMethod);
  };
  EXPECT_EQ(asked_after(seconds{0}), 1U);
  EXPECT_EQ(asked_after(minutes{10}), 0U);
  EXPECT_EQ(asked_after(minutes{50}), 1U);
  EXPECT_EQ(asked_after(days{2}), 1U) << "a Monday";
  EXPECT_EQ(asked_after(minutes{5}), 0U);
  const auto before = desk.portal().counters().requests;
  EXPECT_EQ(asked_after(minutes{5}), 1U);
  // The poll, the numbers of rows, calendars: one further request for leave and days.
  EXPECT_LE(desk.portal().counters().requests - before, 4U);
  // Another process knows when it was asked last.
  desk.restart();
  desk.puller->assume_presence(PresencePart::leave, desk.clock.now());
  EXPECT_EQ(asked_after(minutes{5}), 0U);
}

TEST(PullerPresence, APartWithoutItsScopeIsOffAndNamed) {
  Desk desk{company({"timeman"})};
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kWorkdayMethod), 0U);
  EXPECT_EQ(desk.calls(kLeaveMethod), 1U);
  EXPECT_EQ(desk.problems(), std::set<std::string>{});
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_workday"), 0);
  const auto troubles = kept_presence_troubles(desk.reader());
  ASSERT_EQ(troubles.size(), 1U);
  EXPECT_EQ(troubles.at(PresencePart::workday),
            "У вебхука нет права «timeman» (нужно для timeman.status) – добавьте его в настройках "
            "вебхука на портале.");
}

TEST(PullerPresence, WhatIsNotAnsweredStaysAsItWasAndIsAskedAgain) {
  Desk desk{company()};
  ASSERT_FALSE(desk.pass().error);
  const auto known = desk.meta(kLeaveMeta);
  for (const char* method : {kLeaveMethod, kWorkdayMethod}) {
    desk.portal().add_fault({.kind = sim::FaultKind::error,
                             .method = method,
                             .count = -1,
                             .detail = "INTERNAL_SERVER_ERROR",
                             .status = 500});
  }
  desk.go_on(hours{1});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.meta(kLeaveMeta), known);
  EXPECT_EQ(kept_presence_troubles(desk.reader()).size(), 2U);
  EXPECT_EQ(desk.problems(), std::set<std::string>{}) << "no stream suffers";
  desk.portal().clear_faults();
  desk.go_on(hours{1});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_NE(desk.meta(kLeaveMeta), known);
  EXPECT_TRUE(kept_presence_troubles(desk.reader()).empty());
}

// From the portal's word to whom the rules take for absent.
TEST(PullerPresence, LeaveCountsAsAbsenceWithoutAnyCalendar) {
  Desk desk{company({"calendar"})};
  ASSERT_FALSE(desk.pass().error);
  const auto away = on_leave_at_the_portal(desk);
  ASSERT_FALSE(away.empty());
  const auto around = desk.surroundings();
  const Time now = desk.clock.now();
  for (const std::int64_t id : away) {
    EXPECT_TRUE(around.absences.absent_through(id, now, now + days{3})) << id;
  }
  EXPECT_FALSE(around.absences.absent_through(1, now, now));
}

}  // namespace
}  // namespace b24
