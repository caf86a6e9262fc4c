#include "daemon/engine/offline_events.h"

#include <gtest/gtest.h>

#include "connectors/bitrix24/hint.h"
#include "daemon/engine/checkup.h"
#include "tests/engine/desk.h"

namespace b24 {
namespace {

class OfflineEventsTest : public testing::Test {
 protected:
  explicit OfflineEventsTest(sim::PortalOptions options = small_company())
      : desk_(std::move(options), quiet(), {}, Way::application) {
    desk_.pass(Puller::Counts::now);
    settle();
  }

  static PullerOptions quiet() {
    PullerOptions options;
    options.verify_requests = 0;
    return options;
  }
  // Polls until nothing is left to follow.
  void settle() {
    for (int i = 0; i < 4; ++i) poll();
  }
  PassReport poll() {
    desk_.go_on(seconds{30});
    const std::uint64_t before = desk_.portal().counters().requests;
    const PassReport report = desk_.pass();
    requests_ = desk_.portal().counters().requests - before;
    return report;
  }
  std::int64_t a_deal(std::size_t index = 0) { return desk_.portal().ids(Entity::deal).at(index); }
  void change(std::int64_t deal, int opportunity) {
    desk_.portal().call("crm.item.update",
                        fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"opportunity":{}}}}})",
                                    deal, opportunity));
  }
  KeptOfflineEvents kept() {
    const auto text = desk_.meta(kOfflineEventsMeta);
    return text ? offline_events_from_json(*text).value() : KeptOfflineEvents{};
  }

  Desk desk_;
  std::uint64_t requests_ = 0;  // of the latest poll
};

TEST_F(OfflineEventsTest, APollWithoutNewsIsOneRequest) {
  for (int i = 0; i < 3; ++i) {
    poll();
    EXPECT_EQ(requests_, 1U);
  }
  const std::string batch = desk_.portal().requests().back().body;
  EXPECT_NE(batch.find("event.offline.get?clear=0&limit=50"), std::string::npos) << batch;
  EXPECT_EQ(batch.find("event.offline.clear"), std::string::npos) << batch;
}

// The portal forgets a record only when what it led to is in the file.
TEST_F(OfflineEventsTest, BringsADeletionAndConfirmsItAfterTheCommit) {
  const std::int64_t deal = a_deal();
  ASSERT_TRUE(desk_.has_deal(deal));
  desk_.delete_deal(deal);
  const std::size_t queued = desk_.portal().queued();
  ASSERT_GT(queued, 0U);

  poll();
  EXPECT_TRUE(desk_.has_deal(deal));
  EXPECT_EQ(desk_.portal().reserved(), queued);
  EXPECT_TRUE(desk_.hints.wait(milliseconds{0}, {})) << "the next look is due at once";
  poll();
  EXPECT_FALSE(desk_.has_deal(deal));
  EXPECT_EQ(desk_.portal().queued(), queued) << "not confirmed before it is in the file";
  poll();
  EXPECT_EQ(desk_.portal().queued(), 0U);
  EXPECT_EQ(requests_, 2U) << "confirmed along with the poll; the other asks why the deal is gone";
  EXPECT_EQ(kept().taken, static_cast<std::int64_t>(queued));
  EXPECT_TRUE(kept().last_at);
}

TEST_F(OfflineEventsTest, AKillBeforeTheConfirmationReadsTheRecordsAgain) {
  const std::int64_t deal = a_deal();
  desk_.delete_deal(deal);
  poll();
  ASSERT_GT(desk_.portal().reserved(), 0U);
  desk_.restart();  // with empty hands: neither hints nor the name of what is set aside
  poll();
  poll();
  EXPECT_FALSE(desk_.has_deal(deal));
  poll();
  poll();
  EXPECT_EQ(desk_.portal().queued(), 0U);
}

// The portal sets records aside, and the answer is lost on the way.
TEST_F(OfflineEventsTest, FindsRecordsThatWereSetAsideUnheard) {
  const std::int64_t deal = a_deal();
  desk_.delete_deal(deal);
  desk_.portal().add_fault({.kind = sim::FaultKind::reset,
                            .method = "event.offline.get",
                            .strikes = sim::Strikes::after});
  poll();
  ASSERT_GT(desk_.portal().reserved(), 0U);
  for (int i = 0; i < 4; ++i) poll();
  EXPECT_FALSE(desk_.has_deal(deal));
  settle();
  EXPECT_EQ(desk_.portal().queued(), 0U);
}

TEST_F(OfflineEventsTest, AStormIsReadInBatches) {
  for (int i = 0; i < 200; ++i) change(a_deal(), 1000 + i);
  EXPECT_EQ(desk_.portal().queued(), 1U) << "changes of one object are one record";
  const auto deals = desk_.portal().ids(Entity::deal);
  const auto tasks = desk_.portal().ids(Entity::task);
  for (const std::int64_t deal : deals) change(deal, 7);
  for (std::size_t i = 0; i < 20; ++i) desk_.delete_deal(deals[i]);
  for (const std::int64_t task : tasks) {
    desk_.portal().call("tasks.task.delete", fmt::format(R"({{"taskId":{}}})", task));
  }
  ASSERT_GT(desk_.portal().queued(), 100U);
  std::uint64_t requests = 0;
  for (int i = 0; i < 8; ++i) {
    poll();
    requests += requests_;
  }
  EXPECT_EQ(desk_.portal().queued(), 0U);
  EXPECT_LE(requests, 24U);
  EXPECT_EQ(desk_.ids("SELECT id FROM v_deal ORDER BY id"), desk_.portal().ids(Entity::deal));
  EXPECT_EQ(desk_.number("SELECT count(*) FROM v_task"), 0);
  EXPECT_EQ(desk_.number("SELECT count(*) FROM v_deal WHERE amount = 7"),
            static_cast<std::int64_t>(deals.size() - 20));
}

// What the queue loses is found without it.
TEST_F(OfflineEventsTest, LostEventsAreFoundByThePolls) {
  const std::int64_t deal = a_deal(1);
  change(deal, 4711);
  desk_.delete_deal(a_deal());
  const auto deals = desk_.portal().ids(Entity::deal);
  desk_.portal().lose_queue();
  poll();
  EXPECT_EQ(desk_.number(fmt::format("SELECT amount FROM v_deal WHERE id = {}", deal)), 4711);
  desk_.pass(Puller::Counts::now);
  EXPECT_EQ(desk_.ids("SELECT id FROM v_deal ORDER BY id"), deals);
}

TEST_F(OfflineEventsTest, BindsWhatAnUpdateOfTheApplicationDropped) {
  const auto bound = [&] { return desk_.calls("event.bind"); };
  EXPECT_GT(bound(), 20U);
  desk_.portal().drop_handlers();
  poll();
  EXPECT_EQ(bound(), 0U);
  desk_.queue->check_handlers();
  poll();
  EXPECT_GT(bound(), 20U);
  // Without a word of it, within the hour.
  desk_.portal().drop_handlers();
  desk_.go_on(hours{1});
  poll();
  EXPECT_GT(bound(), 20U);
  desk_.go_on(hours{1});
  poll();
  EXPECT_EQ(bound(), 0U);
}

TEST_F(OfflineEventsTest, WithoutTheQueueThePollsGoOn) {
  desk_.portal().add_fault({.kind = sim::FaultKind::error,
                            .method = "event.offline.get",
                            .detail = "ACCESS_DENIED",
                            .status = 403});
  EXPECT_FALSE(poll().error);
  EXPECT_EQ(kept().problem,
            "Тому, кто установил приложение, не хватает прав для event.offline.get "
            "(ACCESS_DENIED: «Planted error») – пусть администратор портала выполнит sudo b24watch "
            "authorize.");
  const auto asked = [&] { return desk_.calls("event.offline.get"); };
  asked();
  change(a_deal(), 99);
  poll();
  poll();
  EXPECT_EQ(asked(), 0U);
  EXPECT_EQ(desk_.number(fmt::format("SELECT amount FROM v_deal WHERE id = {}", a_deal())), 99);
  // The right may have been given.
  desk_.go_on(hours{1});
  poll();
  EXPECT_EQ(asked(), 1U);
  EXPECT_EQ(kept().problem, "");
}

TEST(OfflineEventsOfAPoorPortal, ItsPlanHasNone) {
  sim::PortalOptions options = small_company();
  options.application.offline = false;
  Desk desk{options, {}, {}, Way::application};
  EXPECT_FALSE(desk.pass(Puller::Counts::now).error);
  const auto text = desk.meta(kOfflineEventsMeta);
  ASSERT_TRUE(text);
  EXPECT_NE(offline_events_from_json(*text)->problem.find("ACCESS_DENIED"), std::string::npos);
  EXPECT_EQ(desk.ids("SELECT id FROM v_deal ORDER BY id"), desk.portal().ids(Entity::deal));
}

// As in the samples of the docs: EVENT_DATA is false, and names nothing.
TEST(OfflineEventsOfAPoorPortal, ItsRecordsNameNoIds) {
  sim::PortalOptions options = small_company();
  options.application.event_data = false;
  Desk desk{options, {}, {}, Way::application};
  desk.pass(Puller::Counts::now);
  desk.go_on(seconds{30});
  desk.pass();
  const std::int64_t deal = desk.portal().ids(Entity::deal).front();
  desk.portal().call(
      "crm.item.update",
      fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"opportunity":5}}}})", deal));
  desk.go_on(seconds{30});
  desk.pass();
  EXPECT_EQ(desk.number(fmt::format("SELECT amount FROM v_deal WHERE id = {}", deal)), 5);
  EXPECT_EQ(desk.portal().reserved(), 1U);
  EXPECT_FALSE(desk.hints.wait(milliseconds{0}, {})) << "the same poll has read what is new";
  desk.go_on(seconds{30});
  desk.pass();
  EXPECT_EQ(desk.portal().queued(), 0U);
}

TEST(OfflineCheckup, TellsWhatTheQueueGives) {
  Desk desk{small_company(), {}, {}, Way::application};
  const auto checked = [&] { return check_offline_events(desk.client(), {}).value(); };
  EXPECT_EQ(checked().outcome, Outcome::warning);
  EXPECT_EQ(checked().text, "Подписок на офлайн-события ещё нет.");
  desk.pass(Puller::Counts::now);
  EXPECT_EQ(checked().outcome, Outcome::ok);
  const auto all = understood_events().size();
  EXPECT_EQ(checked().text,
            fmt::format("Офлайн-события портала доступны, подписок: {0} из {0}.", all));
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = "event.offline.list",
                           .detail = "ACCESS_DENIED",
                           .status = 403});
  const Check refused = checked();
  EXPECT_EQ(refused.outcome, Outcome::warning);
  EXPECT_EQ(refused.text.find("Офлайн-событий портал не даёт: "), 0U) << refused.text;
  EXPECT_NE(refused.text.find("ACCESS_DENIED"), std::string::npos) << refused.text;
}

}  // namespace
}  // namespace b24
