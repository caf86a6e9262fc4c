#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/portal/http_call.h"
#include "tests/support/free_port.h"
#include "tests/support/workplace.h"

// What the portal's own events do: the program asks once an hour, so that whatever is in the mirror
// sooner came by a hint.

namespace b24 {
namespace {

using nlohmann::json;

constexpr const char* kToken = "51856fefc120afa4b628cc82d3935cce";
constexpr const char* kEvents[] = {"ONCRMDEALADD",       "ONCRMDEALUPDATE", "ONCRMDEALDELETE",
                                   "ONTASKADD",          "ONTASKUPDATE",    "ONTASKDELETE",
                                   "ONVOXIMPLANTCALLEND"};

sim::PortalOptions company() {
  return {.managers = 4,
          .deals = 300,
          .tasks = 300,
          .calls = 500,
          .chats = 0,  // whose messages are asked for by the clock
          .days = 30,
          .problems = false,
          .limits = {.enabled = false}};
}

// The running program with its listener; the mirror is complete and nothing is due for an hour.
class HintScenario : public testing::Test {
 protected:
  HintScenario() : workplace_(company()), portal_(workplace_.portal()), port_(free_port()) {
    workplace_.poll = "1 hour";
    workplace_.configure(
        fmt::format("http: {{listen: '127.0.0.1:{}', application_token: {}}}\n", port_, kToken));
    EXPECT_EQ(workplace_.run({"sync"}).exit_code, 0);
    portal_.reset_counters();
    run_ = std::make_unique<Process>(workplace_.command({"run"}), workplace_.folder());
    // The look at the start asks for settings, changes and counts.
    EXPECT_TRUE(eventually([&] { return portal_.counters().methods["crm.item.list"] >= 2; }))
        << run_->err();
    EXPECT_TRUE(eventually([&] { return health().status == 200; })) << run_->err();
  }

  ~HintScenario() override {
    run_->signal(SIGTERM);
    const Finished done = run_->wait();
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.err.find(kToken), std::string::npos) << "the token is logged";
  }

  std::string url(const std::string& path) const {
    return fmt::format("http://127.0.0.1:{}{}", port_, path);
  }
  sim::HttpResult health() const { return sim::http_call(url("/health"), "", ""); }
  void bind_all(const std::string& token = kToken) {
    for (const char* event : kEvents) portal_.bind_event(event, url("/event"), token);
  }
  bool in_mirror(const std::string& sql) { return !workplace_.query(sql).empty(); }
  bool comes(const std::string& sql) {
    return eventually([&] { return in_mirror(sql); });
  }
  bool goes(const std::string& sql) {
    return eventually([&] { return !in_mirror(sql); });
  }
  json call(const std::string& method, const json& params) {
    return json::parse(portal_.call(method, params.dump()))["result"];
  }
  void retitle(std::int64_t deal, const std::string& title) {
    call("crm.item.update", {{"entityTypeId", 2}, {"id", deal}, {"fields", {{"title", title}}}});
  }

  Workplace workplace_;
  sim::Portal& portal_;
  int port_;
  std::unique_ptr<Process> run_;
};

TEST_F(HintScenario, DealsFollowTheirEvents) {
  bind_all();
  const auto deal = portal_.ids(Entity::deal).at(5);
  retitle(deal, "Окна");
  EXPECT_TRUE(comes(fmt::format("SELECT 1 FROM v_deal WHERE id={} AND title='Окна'", deal)));

  const json made = call("crm.item.add", {{"entityTypeId", 2}, {"fields", {{"title", "Двери"}}}});
  EXPECT_TRUE(comes(fmt::format("SELECT 1 FROM v_deal WHERE id={}", made["item"]["id"].dump())));

  call("crm.item.delete", {{"entityTypeId", 2}, {"id", deal}});
  EXPECT_TRUE(goes(fmt::format("SELECT 1 FROM v_deal WHERE id={}", deal)));
}

TEST_F(HintScenario, TasksFollowTheirEvents) {
  bind_all();
  const auto task = portal_.ids(Entity::task).at(5);
  call("tasks.task.update", {{"taskId", task}, {"fields", {{"TITLE", "Смета"}}}});
  EXPECT_TRUE(comes(fmt::format("SELECT 1 FROM v_task WHERE id={} AND title='Смета'", task)));

  call("tasks.task.add", {{"fields", {{"TITLE", "Замер"}, {"RESPONSIBLE_ID", 1}}}});
  EXPECT_TRUE(comes("SELECT 1 FROM v_task WHERE title='Замер'"));

  call("tasks.task.delete", {{"taskId", task}});
  EXPECT_TRUE(goes(fmt::format("SELECT 1 FROM v_task WHERE id={}", task)));
}

TEST_F(HintScenario, TheEndOfACallBringsTheCall) {
  portal_.bind_event("ONVOXIMPLANTCALLEND", url("/event"), kToken);
  for (std::uint64_t seed = 1; portal_.mutate(1, seed).calls_added == 0; ++seed) {
  }
  const auto call = portal_.ids(Entity::call).back();
  EXPECT_TRUE(comes(fmt::format("SELECT 1 FROM v_call WHERE id={}", call)));
}

TEST_F(HintScenario, AForeignTokenChangesNothing) {
  bind_all("not-our-token");
  const auto requests = portal_.counters().requests;
  const auto deal = portal_.ids(Entity::deal).at(5);
  retitle(deal, "Окна");
  ASSERT_TRUE(eventually([&] { return run_->err().find("event refused") != std::string::npos; }));
  // Longer than hints are gathered for.
  EXPECT_FALSE(eventually([&] { return portal_.counters().requests > requests; }, seconds{2}));
  EXPECT_FALSE(in_mirror(fmt::format("SELECT 1 FROM v_deal WHERE id={} AND title='Окна'", deal)));

  portal_.bind_event("ONCRMDEALUPDATE", url("/event"), kToken);
  retitle(deal, "Двери");
  EXPECT_TRUE(comes(fmt::format("SELECT 1 FROM v_deal WHERE id={} AND title='Двери'", deal)));
}

TEST_F(HintScenario, AStormCostsAFewRequestsAndLosesNothing) {
  bind_all();
  portal_.reset_counters();
  const auto deals = portal_.ids(Entity::deal);
  const auto tasks = portal_.ids(Entity::task);
  constexpr std::size_t kStorm = 3000;
  for (std::size_t i = 0; i < kStorm / 2; ++i) {
    retitle(deals.at(i % 5), fmt::format("Сделка {}", i));
    call("tasks.task.update",
         {{"taskId", tasks.at(i % 5)}, {"fields", {{"TITLE", fmt::format("Задача {}", i)}}}});
  }
  call("crm.item.delete", {{"entityTypeId", 2}, {"id", deals.at(2)}});
  call("tasks.task.delete", {{"taskId", tasks.at(3)}});
  ASSERT_TRUE(portal_.wait_events(minutes{2}));
  EXPECT_TRUE(eventually([&] { return differences(workplace_).empty(); }))
      << differences(workplace_) << run_->err();
  const auto counters = portal_.counters();
  RecordProperty("requests", static_cast<int>(counters.requests));
  EXPECT_LE(counters.requests, kStorm / 30);
  EXPECT_TRUE(counters.refusals.empty());
}

TEST_F(HintScenario, RubbishIsAnsweredAndTheServiceLives) {
  const char* const form = "application/x-www-form-urlencoded";
  const struct {
    const char* path;
    std::string body;
    const char* type;
    int status;
  } cases[] = {
      {"/event", "{\"event\":\"ONCRMDEALUPDATE\"}", "application/json", 400},
      {"/event", "event", form, 400},
      {"/event", std::string(1000, '\0'), form, 400},
      {"/event", "event=ONCRMDEALUPDATE&rubbish", form, 400},
      {"/event", std::string(100'000, 'a'), form, 413},
      {"/elsewhere", "event=ONCRMDEALUPDATE", form, 404},
      {"/health", "event=ONCRMDEALUPDATE", form, 405},
      {"/event", "", "", 405},
  };
  const auto requests = portal_.counters().requests;
  for (const auto& c : cases) {
    EXPECT_EQ(sim::http_call(url(c.path), c.body, c.type).status, c.status)
        << c.path << ' ' << c.body.substr(0, 40);
  }
  // With the right token, but no event of ours.
  for (const std::string id : {"", "0", "-1", "x", "99999999999999999999"}) {
    const std::string body = fmt::format(
        "event=ONCRMDEALUPDATE&data[FIELDS][ID]={}&auth[application_token]={}", id, kToken);
    sim::http_call(url("/event"), body, form);
  }
  EXPECT_EQ(health().status, 200);
  // Longer than hints are gathered for.
  EXPECT_FALSE(eventually([&] { return portal_.counters().requests > requests; }, seconds{2}));

  bind_all();
  const auto deal = portal_.ids(Entity::deal).at(5);
  retitle(deal, "Окна");
  EXPECT_TRUE(comes(fmt::format("SELECT 1 FROM v_deal WHERE id={} AND title='Окна'", deal)));
}

}  // namespace
}  // namespace b24
