#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/engine/kept.h"
#include "tests/support/workplace.h"

// The service's life: how it starts, how it ends, and what it says of itself meanwhile.

namespace b24 {
namespace {

using nlohmann::json;

sim::PortalOptions small_company() {
  return {.managers = 3, .deals = 60, .tasks = 60, .calls = 300, .limits = {.enabled = false}};
}

// Longer than any test waits.
const sim::Fault kHangs{.kind = sim::FaultKind::slow, .count = -1, .delay = seconds{60}};

class Service : public testing::Test {
 protected:
  sim::Portal& portal() { return workplace_.portal(); }
  std::unique_ptr<Process> start(const std::string& command = "run") {
    return std::make_unique<Process>(workplace_.command({command}), workplace_.folder());
  }
  static bool said(const Process& process, const std::string& words) {
    return process.err().find(words) != std::string::npos;
  }
  // Ends well within the time in which a hanging portal would answer.
  static Finished end(Process& process, int signal = SIGTERM) {
    process.signal(signal);
    return process.wait(seconds{10});
  }
  json status() { return json::parse(workplace_.run({"status", "--json"}).out); }
  bool asked(const std::string& method) {
    const auto requests = portal().requests();
    return std::any_of(requests.begin(), requests.end(),
                       [&](const auto& request) { return request.method == method; });
  }

  Workplace workplace_{small_company()};
};

TEST_F(Service, EndsAtOnceWhileThePortalWithholdsItsFirstWord) {
  portal().add_fault(kHangs);
  for (const int signal : {SIGTERM, SIGINT}) {
    const auto before = portal().counters().requests;
    auto run = start();
    ASSERT_TRUE(eventually([&] { return portal().counters().requests > before; }));
    const Finished done = end(*run, signal);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.err.find("started"), std::string::npos) << "nobody has answered yet";
  }
  const auto before = portal().counters().requests;
  auto sync = start("sync");
  ASSERT_TRUE(eventually([&] { return portal().counters().requests > before; }));
  sync->signal(SIGTERM);
  EXPECT_TRUE(eventually([&] { return !sync->running(); }, seconds{10}));
}

TEST_F(Service, IsUpThoughAKnownPortalHangs) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  portal().add_fault(kHangs);
  auto run = start();
  ASSERT_TRUE(eventually([&] { return said(*run, "started rules="); }, seconds{30})) << run->err();
  EXPECT_EQ(end(*run).exit_code, 0);
}

TEST_F(Service, IsUpWhenThePortalHasAnswered) {
  auto run = start();
  ASSERT_TRUE(eventually([&] { return said(*run, "started rules="); })) << run->err();
  EXPECT_EQ(end(*run).exit_code, 0);
}

TEST_F(Service, APortThatIsTakenMayBecomeFree) {
  workplace_.configure(fmt::format("http: {{listen: '127.0.0.1:{}'}}\n", portal().port()));
  const Finished done = workplace_.run({"run"});
  EXPECT_EQ(done.exit_code, 5);
  EXPECT_EQ(done.err,
            fmt::format("b24watch: Не удалось принимать события на 127.0.0.1:{}: порт занят "
                        "другой программой. Измените http.listen в настройках.\n",
                        portal().port()));
}

TEST_F(Service, TheNoticeUnderWayAtTheEndIsToldOnce) {
  portal().add_fault({.kind = sim::FaultKind::slow,
                      .method = "im.notify.system.add",
                      .count = -1,
                      .delay = milliseconds{400}});
  auto run = start();
  ASSERT_TRUE(eventually([&] { return asked("im.notify.system.add"); })) << run->err();
  EXPECT_EQ(end(*run).exit_code, 0);
  portal().clear_faults();

  run = start();
  ASSERT_TRUE(eventually([&] { return said(*run, "started rules="); })) << run->err();
  ASSERT_TRUE(eventually([&] { return status()["undelivered"] == 0; })) << run->err();
  EXPECT_EQ(end(*run).exit_code, 0);
  std::map<std::string, int> told;
  for (const auto& notice : portal().notifications()) {
    ++told[fmt::format("{} {}", notice.user_id, notice.tag)];
  }
  EXPECT_FALSE(told.empty());
  for (const auto& [tag, times] : told) EXPECT_EQ(times, 1) << tag;
}

TEST_F(Service, HeavyQueriesDoNotHoldUpTheEnd) {
  constexpr int kRules = 8;  // each is cut off after two seconds
  std::string metrics = "version: 1\nmetrics:\n";
  std::string rules = "rules:\n";
  for (int i = 0; i < kRules; ++i) {
    metrics += fmt::format(
        "  heavy{0}:\n    title: Тяжёлый {0}\n    kind: state\n    sql: |\n"
        "      WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1e12)\n"
        "      SELECT id AS manager_id, (SELECT count(*) FROM n) AS value FROM v_manager\n",
        i);
    rules += fmt::format(
        "  - id: heavy{0}\n    name: Тяжёлое {0}\n    metric: heavy{0}\n    by: manager\n"
        "    above: 1\n    text: \"{{manager}}\"\n    resolved: \"готово\"\n",
        i);
  }
  std::filesystem::create_directories(workplace_.folder() + "/rules");
  std::ofstream{workplace_.folder() + "/rules/heavy.yaml"} << metrics << rules;
  workplace_.configure("rules: [rules]\n");
  auto run = start();
  ASSERT_TRUE(eventually([&] { return said(*run, "rule waits rule=heavy"); })) << run->err();
  EXPECT_EQ(end(*run).exit_code, 0) << run->err();
}

TEST_F(Service, StatusNamesWhatIsNotSentAndWhy) {
  portal().add_fault({.kind = sim::FaultKind::error,
                      .method = "im.notify.system.add",
                      .count = -1,
                      .detail = "ACCESS_ERROR",
                      .status = 403});
  auto run = start();
  ASSERT_TRUE(eventually([&] { return said(*run, "message not delivered"); })) << run->err();
  EXPECT_EQ(end(*run).exit_code, 0);
  const json outbox = status()["outbox"];
  EXPECT_EQ(outbox["waiting"], status()["undelivered"]);
  ASSERT_GE(outbox["waiting"].get<int>(), 1);
  EXPECT_EQ(outbox["given_up"], 0);
  EXPECT_TRUE(outbox["delivered_at"].is_null());
  const auto since = parse_time(outbox["waiting_since"].get<std::string>());
  ASSERT_TRUE(since);
  const std::string problem = outbox["problem"].get<std::string>();
  EXPECT_EQ(problem.find("Владельцу вебхука не хватает прав для im.notify.system.add"), 0U)
      << problem;
  const std::string text = workplace_.run({"status"}).out;
  EXPECT_NE(
      text.find(fmt::format("Ждут отправки: {}, самое раннее – ", outbox["waiting"].get<int>())),
      std::string::npos)
      << text;
  EXPECT_NE(text.find(" назад.\nПоследняя неудача: " + problem + "\n"), std::string::npos) << text;
}

TEST_F(Service, StatusLeavesOutWorkThatThePortalCountsNoMore) {
  ASSERT_EQ(workplace_.run({"sync"}).exit_code, 0);
  const struct {
    minutes age;
    bool told;
  } cases[] = {{minutes{9}, true}, {minutes{10}, false}, {hours{24}, false}};
  for (const auto& c : cases) {
    const Time at = SystemClock{}.now() - c.age;
    SQLite::Database{workplace_.folder() + "/state/b24watch.sqlite", SQLite::OPEN_READWRITE, 5000}
        .exec(fmt::format("INSERT OR REPLACE INTO meta (name, value) VALUES ('limits', '{}')",
                          to_json(KeptLimits{12, {{"crm.item.list", 300}}, at})));
    const std::string text = workplace_.run({"status"}).out;
    EXPECT_NE(text.find("Лимиты портала: из запаса в 50 запросов занято 0"), std::string::npos)
        << text;
    EXPECT_EQ(text.find("больше всего работы у crm.item.list – 300 с из 480 за 10 минут.\n") !=
                  std::string::npos,
              c.told)
        << text;
  }
}

TEST(ServiceStart, AMissingCalendarIsToldWithItsConsequence) {
  sim::PortalOptions options = small_company();
  options.scopes.erase("calendar");
  const struct {
    const char* settings;
    const char* said;
  } cases[] = {
      {"",
       "b24watch: У вебхука нет права «calendar» (нужно для calendar.settings.get) – добавьте его "
       "в настройках вебхука на портале. Пока рабочее время – 9:00–18:00, праздники и отпуска с "
       "портала не учитываются.\n"},
      {"language: en\ncalendar: {work_time: '10:30-19:00'}\n",
       "b24watch: The webhook lacks the scope “calendar” (needed for calendar.settings.get): add "
       "it "
       "in the settings of the webhook on the portal. Until then the working hours are "
       "10:30–19:00, "
       "and the portal's holidays and absences do not count.\n"},
  };
  for (const auto& c : cases) {
    Workplace workplace{options};
    workplace.configure(c.settings);
    const Finished done = workplace.run({"sync"});
    EXPECT_EQ(done.exit_code, 0);
    EXPECT_EQ(done.err, c.said);
  }
}

}  // namespace
}  // namespace b24
