#include <chrono>
#include <map>

#include "tests/engine/desk.h"

// Storms of events: what they cost the portal, and what is left afterwards.

namespace b24 {
namespace {

constexpr std::int64_t kPerSecond = 4;  // changes
constexpr std::size_t kDeals = 200;
constexpr std::size_t kMany = 1050;  // hints have no room beside a poll
constexpr int kTasks = 200;          // are told of all the time and have not changed
constexpr seconds kLength{240};
constexpr seconds kPoll{30};

sim::PortalOptions company_of(std::size_t deals) {
  sim::PortalOptions options = sim::bare(small_company());
  options.deals = static_cast<int>(deals);
  options.tasks = kTasks;
  return options;
}

// A company in which a robot changes deals and, if so wished, deletes some.
class Stormy {
 public:
  explicit Stormy(std::int64_t delete_each = 0) : delete_each_(delete_each) {
    for (int i = 0; i < 2; ++i) {
      if (desk.pass().error) throw std::runtime_error{"not read"};
      desk.go_on(kPoll);
    }
    desk.portal().reset_counters();
    began_ = desk.clock.steady_now();
  }

  // What has happened on the portal by now, and who is told of it.
  enum class Told { no, yes };
  void go_on(Told told) {
    const auto deals = desk.portal().ids(Entity::deal);
    for (; changed_ < passed() / seconds{1} * kPerSecond; ++changed_) {
      const auto deal = deals.at(static_cast<std::size_t>(changed_) % deals.size());
      change(deal);
      if (told == Told::yes) desk.hints.add({Entity::deal, deal});
    }
    if (late_ == 0 && passed() >= kLength / 2) late_ = requests();
    if (told == Told::no) return;
    for (const std::int64_t task : desk.portal().ids(Entity::task)) {
      desk.hints.add({Entity::task, task});
    }
  }
  milliseconds passed() const { return desk.clock.steady_now() - began_; }

  void polls() {
    while (passed() < kLength) {
      go_on(Told::no);
      ASSERT_FALSE(desk.pass().error);
      desk.go_on(kPoll);
    }
  }
  // Events come while the portal is asked as well as between the looks.
  void storm() {
    std::stop_source over;
    desk.puller->on_progress([&](const Progress&) {
      go_on(Told::yes);
      if (passed() >= kLength) over.request_stop();
    });
    desk.hints.add({Entity::deal, 0});
    desk.puller->run(over.get_token());
    desk.puller->on_progress({});
  }
  std::uint64_t requests() { return desk.portal().counters().requests; }
  std::uint64_t requests_late() { return requests() - late_; }  // in the second half

  void expect_nothing_lost() {
    EXPECT_EQ(desk.ids("SELECT id FROM v_deal ORDER BY id"), desk.portal().ids(Entity::deal));
    std::vector<std::int64_t> want;
    for (const std::int64_t deal : desk.portal().ids(Entity::deal)) {
      if (const auto found = amounts_.find(deal); found != amounts_.end()) {
        want.push_back(found->second);
      }
    }
    EXPECT_EQ(desk.ids("SELECT amount FROM v_deal WHERE amount >= 1000000 ORDER BY id"), want);
  }

  Desk desk{company_of(kDeals), {.verify_requests = 0, .details = {.requests = 0}}};

 private:
  void change(std::int64_t deal) {
    if (delete_each_ > 0 && changed_ % delete_each_ == 0) return desk.delete_deal(deal);
    amounts_[deal] = 1'000'000 + changed_;
    desk.portal().call("crm.item.update",
                       fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"opportunity":{}}}}})",
                                   deal, amounts_[deal]));
  }

  const std::int64_t delete_each_;
  SteadyTime began_{};
  std::int64_t changed_ = 0;
  std::uint64_t late_ = 0;  // requests before the second half
  std::map<std::int64_t, std::int64_t> amounts_;
};

TEST(Storm, CostsNoMoreThanThePolls) {
  Stormy quiet;
  quiet.polls();
  Stormy stormy;
  stormy.storm();
  RecordProperty("polls", static_cast<int>(quiet.requests()));
  RecordProperty("storm", static_cast<int>(stormy.requests()));
  EXPECT_LE(stormy.requests_late(), quiet.requests_late());
  // Some looks at first, of two or three requests each.
  EXPECT_LE(stormy.requests(), quiet.requests() + 15);
  ASSERT_FALSE(stormy.desk.pass().error);
  stormy.expect_nothing_lost();
}

TEST(Storm, OfDeletionsIsReadToItsEnd) {
  Stormy stormy{7};
  stormy.storm();
  ASSERT_FALSE(stormy.desk.pass().error);
  stormy.expect_nothing_lost();
}

TEST(Storm, WhatTheChangesBringIsNotReadById) {
  Desk desk{company_of(kMany + 20), {.verify_requests = 0, .details = {.requests = 0}}};
  ASSERT_FALSE(desk.pass().error);
  desk.go_on(minutes{10});
  ASSERT_FALSE(desk.pass().error);
  desk.go_on(kPoll);
  const auto deals = desk.portal().ids(Entity::deal);
  for (std::size_t i = 0; i < kMany; ++i) {
    desk.hints.add({Entity::deal, deals[i]});
    if (i >= kMany - 40) continue;  // nothing has changed
    desk.portal().call(
        "crm.item.update",
        fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"opportunity":7}}}})", deals[i]));
  }
  for (std::size_t i = kMany; i < kMany + 5; ++i) {
    desk.delete_deal(deals[i]);
    desk.hints.add({Entity::deal, deals[i]});
  }
  const std::size_t before = desk.asked("%40id");
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.asked("%40id") - before, 45U) << "ids";
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_deal WHERE amount = 7"),
            static_cast<std::int64_t>(kMany - 40));
  EXPECT_EQ(desk.ids("SELECT id FROM v_deal ORDER BY id"), desk.portal().ids(Entity::deal));
}

TEST(Storm, HintsThatWaitOutliveALookThatFailed) {
  Desk desk{company_of(kMany + 20), {.verify_requests = 0, .details = {.requests = 0}}};
  ASSERT_FALSE(desk.pass().error);
  desk.go_on(kPoll);
  const auto deals = desk.portal().ids(Entity::deal);
  for (std::size_t i = 0; i < kMany; ++i) desk.hints.add({Entity::deal, deals[i]});
  desk.delete_deal(deals[3]);
  desk.portal().add_fault(outage());
  EXPECT_TRUE(desk.pass().error);
  desk.portal().clear_faults();
  ASSERT_FALSE(desk.pass().error);
  EXPECT_FALSE(desk.has_deal(deals[3]));
}

TEST(Storm, ALoneEventIsFollowedAtOnce) {
  Stormy company;
  Desk& desk = company.desk;
  const std::jthread runs{[&](const std::stop_token& over) { desk.puller->run(over); }};
  const auto comes = [&](std::int64_t amount) {
    const auto most = std::chrono::steady_clock::now() + seconds{20};
    while (std::chrono::steady_clock::now() < most) {
      if (desk.number(fmt::format("SELECT count(*) FROM v_deal WHERE amount = {}", amount)) == 1) {
        return true;
      }
      std::this_thread::sleep_for(milliseconds{2});
    }
    return false;
  };
  for (std::int64_t amount = 4711; amount < 4714; ++amount) {
    desk.go_on(seconds{8});
    const auto deal = desk.portal().ids(Entity::deal).at(static_cast<std::size_t>(amount % 100));
    desk.portal().call(
        "crm.item.update",
        fmt::format(R"({{"entityTypeId":2,"id":{},"fields":{{"opportunity":{}}}}})", deal, amount));
    const SteadyTime told = desk.clock.steady_now();
    desk.hints.add({Entity::deal, deal});
    ASSERT_TRUE(comes(amount));
    EXPECT_LE(desk.clock.steady_now() - told, seconds{2});
  }
}

}  // namespace
}  // namespace b24
