#include <gmock/gmock.h>

#include "daemon/engine/engine.h"
#include "tests/engine/company.h"
#include "tests/support/fake_clock.h"

// What the administrator is told of the portal itself.

namespace b24 {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Lines = std::vector<std::string>;

class EngineWatchTest : public StoreTest {
 protected:
  EngineWatchTest() {
    start();
    PortalFacts facts;
    facts.user_id = 1;
    facts.admin = true;
    facts.user_zone = "Europe/Moscow";
    facts.scopes = {"calendar"};
    engine_->take(FactsRead{facts});
  }

  void start() {
    engine_.reset();
    reader_.reset();
    open_writer();
    reader_ = reader();
    engine_ = std::make_unique<Engine>(*writer_, *reader_, config_, RuleSet{}, events_, clock_,
                                       EngineOptions{"https://example.bitrix24.ru"},
                                       [](const Notice&) { return true; });
  }

  StreamState state(Entity entity, const std::string& problem, bool refused = false) {
    if (problem.empty()) fresh_[entity] = clock_.now();
    return {.entity = entity,
            .full_done = true,
            .fresh_at = fresh_.at(entity),
            .problem = problem,
            .refused = refused};
  }
  void bring(Entity entity, const std::string& problem, bool refused = false) {
    Pulled pulled;
    pulled.parts.push_back({.state = state(entity, problem, refused)});
    engine_->take(std::move(pulled));
  }
  void bring_all(const std::string& problem) {
    Pulled pulled;
    for (const Entity entity : kEntities) pulled.parts.push_back({.state = state(entity, problem)});
    engine_->take(std::move(pulled));
  }

  // What waits to be sent: "recipient text".
  Lines told() { return rows("SELECT recipient, plain FROM outbox ORDER BY id"); }

  FakeClock clock_{kThursday};  // 15:30
  Config config_;
  EventQueue events_{64};
  std::map<Entity, Time> fresh_;
  std::unique_ptr<Reader> reader_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(EngineWatchTest, AnOutageIsOneMessageThatEndsByItself) {
  bring_all("");
  clock_.advance(minutes{10});
  bring_all("Портал не отвечает.");
  clock_.advance(minutes{59});
  bring_all("Портал не отвечает.");
  EXPECT_THAT(told(), IsEmpty());
  clock_.advance(minutes{1});
  bring_all("Портал не отвечает.");
  const Lines first{
      "1|🔴 b24watch: данные портала не читаются с 19.11 15:30: все данные.\n"
      "Портал не отвечает.\nПравила, которым они нужны, пока молчат."};
  EXPECT_EQ(told(), first);
  // A day later, and after a restart, it is still the same one.
  start();
  for (int hour = 0; hour < 23; ++hour) {
    clock_.advance(hours{1});
    bring_all("Портал не отвечает.");
  }
  EXPECT_EQ(told(), first);
  bring_all("");
  EXPECT_EQ(told(), Lines{"1|✅ b24watch: данные портала снова читаются. Не читались с 19.11 15:30 "
                          "до 20.11 15:40: все данные. Всё, что изменилось за это время, "
                          "прочитано."});
  clock_.advance(hours{1});
  bring_all("");
  EXPECT_EQ(told().size(), 1U);
}

TEST_F(EngineWatchTest, OneListIsNamedWithItsReason) {
  config_.administrators = {7, 8};
  bring_all("");
  bring(Entity::call, "Нет права telephony.", true);
  clock_.advance(hours{1});
  bring(Entity::call, "Нет права telephony.", true);
  EXPECT_EQ(told(), (Lines{"7|🔴 b24watch: данные портала не читаются с 19.11 15:30: звонки.\n"
                           "Нет права telephony.\nПравила, которым они нужны, пока молчат.",
                           "8|🔴 b24watch: данные портала не читаются с 19.11 15:30: звонки.\n"
                           "Нет права telephony.\nПравила, которым они нужны, пока молчат."}));
}

TEST_F(EngineWatchTest, WhatThePortalDoesNotHaveIsNoTrouble) {
  bring_all("");
  bring(Entity::lead, "На портале нет лидов.", true);
  clock_.advance(hours{2});
  bring(Entity::lead, "На портале нет лидов.", true);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(EngineWatchTest, ARestartEndsNoOutage) {
  bring_all("");
  bring(Entity::call, "Портал не отвечает.");
  clock_.advance(hours{1});
  bring(Entity::call, "Портал не отвечает.");
  const Lines before = told();
  ASSERT_EQ(before.size(), 1U);
  start();
  // Another list is read, this one has not been answered for yet.
  bring(Entity::task, "");
  EXPECT_EQ(told(), before);
}

TEST_F(EngineWatchTest, AnEndAtNightIsToldInTheMorningWithItsTime) {
  bring_all("");
  bring_all("Портал не отвечает.");
  clock_.advance(hours{1});
  bring_all("Портал не отвечает.");
  ASSERT_EQ(told().size(), 1U);
  clock_.advance(hours{4});  // 20:30
  bring_all("");
  start();
  clock_.advance(hours{5});
  bring_all("");
  clock_.advance(hours{8});  // 9:30
  bring_all("");
  EXPECT_EQ(told(), Lines{"1|✅ b24watch: данные портала снова читаются. Не читались с 19.11 15:30 "
                          "до 19.11 20:30: все данные. Всё, что изменилось за это время, "
                          "прочитано."});
}

TEST_F(EngineWatchTest, NobodyIsWokenAndAShortNightIsForgotten) {
  clock_.advance(hours{6});  // 21:30
  bring_all("");
  bring_all("Портал не отвечает.");
  clock_.advance(hours{2});
  bring_all("Портал не отвечает.");
  EXPECT_THAT(told(), IsEmpty());
  clock_.advance(hours{2});
  bring_all("");
  clock_.advance(hours{8});  // 9:30
  bring_all("");
  EXPECT_THAT(told(), IsEmpty());
}

}  // namespace
}  // namespace b24
