#include "connectors/bitrix24/presence.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/connectors/http_server.h"
#include "tests/support/fake_clock.h"

namespace b24 {
namespace {

using Json = nlohmann::ordered_json;
using test::HttpServer;
using test::Reply;
using test::Seen;

// Answers the commands of every batch by their method; what begins with "!" is an error's code.
class Talk {
 public:
  explicit Talk(std::map<std::string, std::string> answers)
      : answers_(std::move(answers)),
        server_([this](const Seen& seen) { return reply(seen); }),
        client_(*parse_webhook(
                    Secret("http://127.0.0.1:" + std::to_string(server_.port()) + "/rest/17/key/")),
                {}, clock_) {}

  Client& client() { return client_; }
  std::size_t requests() const { return server_.seen().size(); }
  std::string commands() const {
    std::string all;
    for (const Seen& seen : server_.seen()) all += Json::parse(seen.body)["cmd"].dump();
    return all;
  }

 private:
  Reply reply(const Seen& seen) const {
    Json results = Json::object(), errors = Json::object();
    const Json body = Json::parse(seen.body);
    for (const auto& [key, command] : body["cmd"].items()) {
      const std::string text = command.get<std::string>();
      const auto found = answers_.find(text);
      const auto of_method = answers_.find(text.substr(0, text.find('?')));
      const std::string& answer = (found != answers_.end() ? found : of_method)->second;
      if (answer.starts_with('!')) {
        errors[key] = {{"error", answer.substr(1)}, {"error_description", "Refused"}};
      } else {
        results[key] = Json::parse(answer);
      }
    }
    return {
        Json{{"result", {{"result", results}, {"result_error", errors}}}, {"time", Json::object()}}
            .dump()};
  }

  std::map<std::string, std::string> answers_;
  FakeClock clock_;
  HttpServer server_;
  Client client_;
};

TEST(PresenceTest, TellsWhoIsOnLeave) {
  const struct {
    const char* what;
    const char* users;
    const char* leave;  // "17 until ...", "17", or "" for nobody
  } cases[] = {
      {"a map by id", R"({"17":{"id":17,"absent":"2026-11-25T00:00:00+03:00"},"18":null})",
       "17 until 2026-11-24T21:00:00Z"},
      {"a list", R"([{"id":"17","absent":"2026-11-25T00:00:00+03:00"},{"id":18,"absent":false}])",
       "17 until 2026-11-24T21:00:00Z"},
      {"a date in another spelling", R"({"17":{"id":17,"absent":"25.11.2026"}})", "17"},
      {"no date", R"({"17":{"id":17,"absent":true}})", "17"},
      {"there", R"({"17":{"id":17,"absent":false}})", ""},
      {"there, as PHP writes nothing", R"({"17":{"id":17,"absent":[]},"18":{"id":18,"absent":""}})",
       ""},
      {"nothing said of it", R"({"17":{"id":17},"18":{"absent":true},"19":5})", ""},
      {"nobody", "[]", ""},
  };
  for (const auto& c : cases) {
    Talk talk{{{kLeaveMethod, c.users}}};
    const auto got = read_presence(talk.client(), {.leave = {17, 18}}, {});
    ASSERT_TRUE(got) << got.error().text;
    EXPECT_FALSE(got->leave_problem);
    std::string said;
    for (const Leave& leave : got->on_leave) {
      said += std::to_string(leave.user_id);
      if (leave.until) said += " until " + format_utc(*leave.until);
    }
    EXPECT_EQ(said, c.leave) << c.what;
  }
}

TEST(PresenceTest, TellsTheWorkingDay) {
  const struct {
    const char* what;
    const char* answer;
    const char* day;  // "" for none
  } cases[] = {
      {"the documented example",
       R"({"STATUS":"EXPIRED","TIME_START":"2025-03-27T08:00:01+02:00","TIME_FINISH":null,
           "DURATION":"00:00:00","TIME_LEAKS":"00:17:53","ACTIVE":false,"IP_OPEN":"",
           "TZ_OFFSET":7200,"TIME_FINISH_DEFAULT":"2025-03-27T17:00:00+02:00"})",
       "expired 2025-03-27 08:00 2025-03-27T06:00:01Z - 1073 waits"},
      {"closed, somewhere else",
       R"({"STATUS":"CLOSED","TIME_START":"2026-11-20T23:30:00-05:00",
           "TIME_FINISH":"2026-11-21T07:00:00-05:00","TIME_LEAKS":"","ACTIVE":true})",
       "closed 2026-11-20 23:30 2026-11-21T04:30:00Z 2026-11-21T12:00:00Z 0"},
      {"a break, flags as texts",
       R"({"STATUS":"PAUSED","TIME_START":"2026-11-20T09:00:00+03:00","TIME_LEAKS":"26:00:01",
           "ACTIVE":"Y","FUTURE":[]})",
       "paused 2026-11-20 09:00 2026-11-20T06:00:00Z - 93601"},
      {"open", R"({"STATUS":"OPENED","TIME_START":"2026-11-20T09:00:00+03:00"})",
       "opened 2026-11-20 09:00 2026-11-20T06:00:00Z - 0"},
      {"never begun", R"({"STATUS":"CLOSED","TIME_START":null})", ""},
      {"a status of tomorrow", R"({"STATUS":"AWAY","TIME_START":"2026-11-20T09:00:00+03:00"})", ""},
      {"a leaked date", R"({"STATUS":"OPENED","TIME_START":{}})", ""},
      {"a list", "[]", ""},
  };
  for (const auto& c : cases) {
    Talk talk{{{kWorkdayMethod, c.answer}}};
    const auto got = read_presence(talk.client(), {.workdays = {17}}, {});
    ASSERT_TRUE(got) << got.error().text;
    std::string said;
    for (const Workday& day : got->workdays) {
      EXPECT_EQ(day.user_id, 17);
      said =
          fmt::format("{} {} {} {} {} {}{}", name(day.status), day.day, day.opened_clock,
                      format_utc(day.opened_at), day.closed_at ? format_utc(*day.closed_at) : "-",
                      day.break_seconds, day.confirmed ? "" : " waits");
    }
    EXPECT_EQ(said, c.day) << c.what;
  }
}

TEST(PresenceTest, TellsHowTimeIsKept) {
  Talk talk{{{"timeman.settings?USER_ID=17",
              R"({"UF_TIMEMAN":true,"UF_TM_FREE":false,"UF_TM_MAX_START":"9:15:00",
                  "UF_TM_MIN_FINISH":"17:45:00"})"},
             {"timeman.settings?USER_ID=18", R"({"UF_TIMEMAN":"N","UF_TM_FREE":1,
                  "UF_TM_MAX_START":""})"},
             {"timeman.settings?USER_ID=19", "[]"}}};
  const auto got = read_presence(talk.client(), {.rules = {17, 18, 19}}, {});
  ASSERT_TRUE(got) << got.error().text;
  ASSERT_EQ(got->rules.size(), 2U);
  EXPECT_TRUE(got->rules[0].tracked);
  EXPECT_FALSE(got->rules[0].flexible);
  EXPECT_EQ(got->rules[0].latest_start, "09:15");
  EXPECT_EQ(got->rules[0].earliest_finish, "17:45");
  EXPECT_FALSE(got->rules[1].tracked);
  EXPECT_TRUE(got->rules[1].flexible);
  EXPECT_EQ(got->rules[1].latest_start, "");
}

TEST(PresenceTest, AsksForManyInFewRequests) {
  std::vector<std::int64_t> people(501);
  std::iota(people.begin(), people.end(), 1);
  const std::vector<std::int64_t> workers(people.begin(), people.begin() + 49);
  Talk talk{{{kLeaveMethod, "[]"}, {kWorkdayMethod, R"({"STATUS":"CLOSED"})"}}};
  ASSERT_TRUE(read_presence(talk.client(), {.leave = people, .workdays = workers}, {}));
  EXPECT_EQ(talk.requests(), 2U) << "51 commands";
  EXPECT_NE(talk.commands().find("ID%5B499%5D=500\""), std::string::npos);
  EXPECT_NE(talk.commands().find("ID%5B0%5D=501\""), std::string::npos);
  ASSERT_TRUE(read_presence(talk.client(), {}, {}));
  EXPECT_EQ(talk.requests(), 2U) << "nothing to ask";
}

TEST(PresenceTest, OnePartThatFailsSpoilsNoOther) {
  const std::string open = R"({"STATUS":"OPENED","TIME_START":"2026-11-20T09:00:00+03:00"})";
  const auto ask = PresenceQuestions{.leave = {17}, .workdays = {17, 18}};
  Talk no_leave{{{kLeaveMethod, "!ACCESS_DENIED"}, {kWorkdayMethod, open}}};
  auto got = read_presence(no_leave.client(), ask, {});
  ASSERT_TRUE(got);
  EXPECT_TRUE(got->leave_problem);
  EXPECT_FALSE(got->workday_problem);
  EXPECT_EQ(got->workdays.size(), 2U);

  Talk one_hidden{{{kLeaveMethod, "[]"},
                   {"timeman.status?USER_ID=17", "!ACCESS_DENIED"},
                   {"timeman.status?USER_ID=18", open}}};
  got = read_presence(one_hidden.client(), ask, {});
  ASSERT_TRUE(got);
  EXPECT_FALSE(got->workday_problem) << "one alone says nothing of the method";
  EXPECT_EQ(got->workdays.size(), 1U);

  Talk none{{{kLeaveMethod, "[]"}, {kWorkdayMethod, "!insufficient_scope"}}};
  got = read_presence(none.client(), ask, {});
  ASSERT_TRUE(got);
  EXPECT_FALSE(got->leave_problem);
  ASSERT_TRUE(got->workday_problem);
  EXPECT_EQ(got->workday_problem->kind, ErrorKind::no_rights);
}

}  // namespace
}  // namespace b24
