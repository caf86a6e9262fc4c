#include "connectors/bitrix24/portal.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "connectors/bitrix24/notifier.h"
#include "tests/connectors/http_server.h"
#include "tests/support/fake_clock.h"

namespace b24 {
namespace {

using Json = nlohmann::ordered_json;
using test::HttpServer;
using test::Reply;
using test::Seen;

// A client of a server that always answers the same.
class Talk {
 public:
  explicit Talk(Reply reply)
      : server_([reply](const Seen&) { return reply; }),
        client_(*parse_webhook(
                    Secret("http://127.0.0.1:" + std::to_string(server_.port()) + "/rest/17/key/")),
                {}, clock_) {}

  Client& client() { return client_; }
  Json body() const { return Json::parse(server_.seen().at(0).body); }
  std::string target() const { return server_.seen().at(0).target; }

 private:
  FakeClock clock_;
  HttpServer server_;
  Client client_;
};

Reply facts(const std::string& profile, const std::string& scope, const std::string& calendar,
            const std::string& errors = "[]") {
  std::string results = R"({"profile":)" + profile + R"(,"scope":)" + scope +
                        R"(,"time":"2026-11-21T10:00:07+03:00")";
  if (!calendar.empty()) results += R"(,"calendar":)" + calendar;
  return {R"({"result":{"result":)" + results + R"(},"result_error":)" + errors +
          R"(},"time":{"date_start":"2026-11-21T10:00:05+03:00"}})"};
}

const Time kNow = parse_time("2026-11-20T12:00:00+03:00").value();
constexpr char kProfile[] = R"({"ID":"17","ADMIN":true,"NAME":"N","TIME_ZONE":"Europe/Samara"})";
constexpr char kCalendar[] =
    R"({"work_time_start":"9","work_time_end":"18.30","year_holidays":"1.01,2.01, 23.02,31.13,x",)"
    R"("year_workdays":"31.12","week_holidays":["SA","SU"],"week_start":"MO"})";

TEST(PortalFactsTest, ReadsWhoWeAreAndWhatWeMay) {
  Talk talk(
      facts(kProfile, R"(["CRM","task","user_brief","department","telephony","im"])", kCalendar));
  const auto got = read_portal_facts(talk.client(), {});
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(got->user_id, 17);
  EXPECT_TRUE(got->admin);
  EXPECT_EQ(got->user_zone, "Europe/Samara");
  EXPECT_EQ(got->portal_offset, hours{3});
  EXPECT_EQ(got->portal_time, parse_time("2026-11-21T07:00:05Z"));
  EXPECT_TRUE(got->scopes.contains("crm"));
  EXPECT_TRUE(missing_scopes(got->scopes).empty());
  ASSERT_TRUE(got->calendar);
  EXPECT_EQ(got->calendar->work_start, hours{9});
  EXPECT_EQ(got->calendar->work_end, hours{18} + minutes{30});
  EXPECT_EQ(got->calendar->week_holidays, (std::set<unsigned>{0, 6}));
  EXPECT_EQ(got->calendar->year_holidays, (std::set<MonthDay>{{1, 1}, {1, 2}, {2, 23}}));
  EXPECT_EQ(got->calendar->year_workdays, (std::set<MonthDay>{{12, 31}}));
  EXPECT_EQ(talk.target(), "/rest/17/key/batch");
}

TEST(PortalFactsTest, DoesWithoutACalendar) {
  Talk talk(facts(kProfile, "[]", "",
                  R"({"calendar":{"error":"insufficient_scope","error_description":""}})"));
  const auto got = read_portal_facts(talk.client(), {});
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_FALSE(got->calendar);
  EXPECT_EQ(got->calendar_problem,
            "У вебхука нет права «calendar» (нужно для calendar.settings.get) – добавьте его в "
            "настройках вебхука на портале.");
}

TEST(PortalFactsTest, KeepsTheDefaultsWhereTheCalendarMakesNoSense) {
  const struct {
    const char* calendar;
    minutes start;
    minutes end;
    std::set<unsigned> week;
  } cases[] = {
      {R"({"work_time_start":"10:15","work_time_end":"19","week_holidays":["SU"]})",
       hours{10} + minutes{15},
       hours{19},
       {0}},
      {R"({"work_time_start":9,"work_time_end":"24","week_holidays":[]})", hours{9}, hours{24}, {}},
      {R"({"work_time_start":"18","work_time_end":"9","week_holidays":"SU"})",
       hours{9},
       hours{18},
       {0, 6}},
      {R"({"work_time_start":"","work_time_end":"99"})", hours{9}, hours{18}, {0, 6}},
      {R"({"week_holidays":["MO","TU","WE","TH","FR","SA","SU"]})", hours{9}, hours{18}, {0, 6}},
  };
  for (const auto& c : cases) {
    Talk talk(facts(kProfile, "[]", c.calendar));
    const auto got = read_portal_facts(talk.client(), {});
    ASSERT_TRUE(got);
    ASSERT_TRUE(got->calendar) << c.calendar;
    EXPECT_EQ(got->calendar->work_start, c.start) << c.calendar;
    EXPECT_EQ(got->calendar->work_end, c.end) << c.calendar;
    EXPECT_EQ(got->calendar->week_holidays, c.week) << c.calendar;
  }
  Talk odd(facts(kProfile, "[]", "false"));
  EXPECT_EQ(read_portal_facts(odd.client(), {})->calendar_problem,
            "Портал не сообщил настройки календаря – задайте рабочее время в настройках b24watch.");
}

std::string event(const char* from, const char* to, const char* accessibility,
                  const char* all_day) {
  return Json{{"ID", "5"},
              {"DATE_FROM_TS_UTC", std::to_string(to_unix(*parse_time(from)))},
              {"DATE_TO_TS_UTC", std::to_string(to_unix(*parse_time(to)))},
              {"DT_SKIP_TIME", all_day},
              {"ACCESSIBILITY", accessibility}}
      .dump();
}

TEST(AbsencesTest, AreTheEventsThatSayAbsent) {
  const struct {
    const char* what;
    std::string events;
    const char* from;  // null: nobody is away
    const char* to;
  } cases[] = {
      {"a few hours",
       event("2026-11-20T10:00:00+03:00", "2026-11-20T14:30:00+03:00", "absent", "N"),
       "2026-11-20T10:00:00+03:00", "2026-11-20T14:30:00+03:00"},
      {"whole days, the last one included",
       event("2026-11-16T00:00:00+03:00", "2026-11-20T00:00:00+03:00", "absent", "Y"),
       "2026-11-16T00:00:00+03:00", "2026-11-21T00:00:00+03:00"},
      {"one whole day",
       event("2026-11-20T00:00:00+03:00", "2026-11-20T00:00:00+03:00", "absent", "Y"),
       "2026-11-20T00:00:00+03:00", "2026-11-21T00:00:00+03:00"},
      {"a meeting", event("2026-11-20T10:00:00+03:00", "2026-11-20T12:00:00+03:00", "busy", "N"),
       nullptr, nullptr},
      {"perhaps", event("2026-11-20T10:00:00+03:00", "2026-11-20T12:00:00+03:00", "quest", "N"),
       nullptr, nullptr},
      {"ends before it begins",
       event("2026-11-20T12:00:00+03:00", "2026-11-20T10:00:00+03:00", "absent", "N"), nullptr,
       nullptr},
      {"no time at all", R"({"ACCESSIBILITY":"absent"})", nullptr, nullptr},
      {"no event", "7", nullptr, nullptr},
  };
  for (const auto& c : cases) {
    Talk talk({R"({"result":{"result":{"a0":{"17":[)" + c.events +
               R"(],"18":[]}},"result_error":[]},"time":{}})"});
    const auto got =
        read_absences(talk.client(), {17, 18}, kNow - days{30}, kNow + days{30}, hours{3}, {});
    ASSERT_TRUE(got) << got.error().text;
    ASSERT_EQ(got->size(), c.from == nullptr ? 0U : 1U) << c.what;
    if (c.from == nullptr) continue;
    EXPECT_EQ(got->at(0).user_id, 17) << c.what;
    EXPECT_EQ(got->at(0).from, parse_time(c.from)) << c.what;
    EXPECT_EQ(got->at(0).to, parse_time(c.to)) << c.what;
  }
}

TEST(AbsencesTest, EverybodyIsAskedFor) {
  Talk talk({R"({"result":{"result":{"a0":{"1":[)" +
             event("2026-11-20T10:00:00+03:00", "2026-11-20T14:00:00+03:00", "absent", "N") +
             R"(]},"a1":{"51":[)" +
             event("2026-11-20T10:00:00+03:00", "2026-11-20T14:00:00+03:00", "absent", "N") +
             R"(]}},"result_error":[]},"time":{}})"});
  std::vector<std::int64_t> users(51);
  std::iota(users.begin(), users.end(), 1);
  const auto got = read_absences(talk.client(), users, kNow - days{30}, kNow, hours{3}, {});
  ASSERT_TRUE(got) << got.error().text;
  ASSERT_EQ(got->size(), 2U);
  EXPECT_EQ(got->at(1).user_id, 51);
  const std::string asked = talk.body()["cmd"].dump();
  EXPECT_NE(asked.find("users%5B49%5D=50\""), std::string::npos) << asked;
  EXPECT_NE(asked.find("users%5B0%5D=51\""), std::string::npos) << asked;
}

TEST(PortalFactsTest, SaysWhenTheWebhookIsNotAccepted) {
  Talk talk({R"({"error":"INVALID_CREDENTIALS","error_description":"Invalid request credentials"})",
             401});
  const auto got = read_portal_facts(talk.client(), {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind, ErrorKind::blocked);
  EXPECT_EQ(
      got.error().text,
      "Портал не принимает вебхук (INVALID_CREDENTIALS): он удалён, просрочен или скопирован не "
      "целиком – создайте новый входящий вебхук и впишите его адрес в настройки.");
}

TEST(PortalFactsTest, SaysWhenTheAnswerNamesNobody) {
  Talk talk(facts("[]", "[]", kCalendar));
  const auto got = read_portal_facts(talk.client(), {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().text, "Портал 127.0.0.1 не сообщил, чей это вебхук, – повторим позже.");
}

TEST(PortalFactsTest, NamesMissingScopesAndWhatTheyAreFor) {
  EXPECT_EQ(missing_scopes({"crm", "task", "user", "department"}),
            (std::vector<std::string>{"telephony", "im"}));
  EXPECT_EQ(missing_scopes({}).size(), 6U);
  EXPECT_EQ(about_scopes({}), "");
  EXPECT_EQ(about_scopes({"telephony", "im"}),
            "У вебхука нет прав: telephony (звонки), im (уведомления) – добавьте их в настройках "
            "вебхука на портале.");
}

const Notice kNotice{5, 42, "b24watch:overdue_pile:17", "[b]Просрочено[/b]", "Просрочено"};

TEST(BellNotifierTest, SendsOneNotificationWithItsTag) {
  for (const char* result : {"12345", "\"12345\""}) {
    Talk talk({R"({"result":)" + std::string(result) + "}"});
    BellNotifier notifier(talk.client(), {});
    const auto id = notifier.deliver(kNotice);
    ASSERT_TRUE(id) << id.error().text;
    EXPECT_EQ(*id, 12345);
    EXPECT_EQ(talk.target(), "/rest/17/key/im.notify.system.add");
    EXPECT_EQ(talk.body().dump(),
              R"({"USER_ID":42,"MESSAGE":"[b]Просрочено[/b]","MESSAGE_OUT":"Просрочено",)"
              R"("TAG":"b24watch:overdue_pile:17","CLIENT_ID":"b24watch"})");
  }
}

TEST(BellNotifierTest, SaysWhenARecipientCannotBeReached) {
  const struct {
    Reply reply;
    ErrorKind kind;
  } cases[] = {
      {{R"({"result":false})"}, ErrorKind::gone},
      {{R"({"error":"USER_ID_EMPTY","error_description":"User ID can't be empty"})", 400},
       ErrorKind::rejected},
      {{R"({"error":"insufficient_scope","error_description":""})", 403}, ErrorKind::no_rights},
      {{"<html>", 502}, ErrorKind::unavailable},
  };
  for (const auto& c : cases) {
    Talk talk(c.reply);
    BellNotifier notifier(talk.client(), {});
    const auto id = notifier.deliver(kNotice);
    ASSERT_FALSE(id) << c.reply.body;
    EXPECT_EQ(name(id.error().kind), std::string(name(c.kind))) << c.reply.body;
  }
  Talk talk({R"({"result":false})"});
  BellNotifier notifier(talk.client(), {});
  EXPECT_EQ(notifier.deliver(kNotice).error().text,
            "Портал не принял уведомление для пользователя 42 – проверьте, что он работает и может "
            "получать уведомления.");
}

}  // namespace
}  // namespace b24
