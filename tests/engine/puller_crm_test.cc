#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/engine/desk.h"

// The puller over lists that only grow, and over what a portal may not have at all.

namespace b24 {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr const char* kMoves = "crm.stagehistory.list";
constexpr const char* kDealMoves = "SELECT count(*) FROM v_stage_move WHERE entity = 'deal'";

sim::Fault refusal(const char* method, const char* code) {
  return {.kind = sim::FaultKind::error, .method = method, .count = -1, .detail = code};
}

std::int64_t moves_of_the_portal(Desk& desk) {
  const json answer =
      json::parse(desk.portal().call(kMoves, R"({"entityTypeId":2,"select":["ID"],"start":0})"));
  return answer.at("total").get<std::int64_t>();
}

// Puts a deal on another stage of its pipeline, and gives its id.
std::int64_t move_a_deal(Desk& desk) {
  const std::int64_t id = desk.portal().ids(Entity::deal).front();
  const json deal = json::parse(desk.portal().row(Entity::deal, id));
  const char* stage = deal.at("stageId") == "NEW" ? "PREPARATION" : "NEW";
  desk.portal().call(
      "crm.item.update",
      json{{"entityTypeId", 2}, {"id", id}, {"fields", {{"categoryId", 0}, {"stageId", stage}}}}
          .dump());
  return id;
}

// --- every kind ---

TEST(PullerCrm, TheMirrorIsThePortal) {
  const std::pair<Entity, const char*> views[] = {
      {Entity::lead, "v_lead"},
      {Entity::quote, "v_quote"},
      {Entity::invoice, "v_invoice"},
      {Entity::contact, "v_contact"},
      {Entity::company, "v_company"},
      {Entity::activity, "v_activity"},
      {Entity::deal_move, "v_stage_move WHERE entity = 'deal'"},
      {Entity::lead_move, "v_stage_move WHERE entity = 'lead'"},
      {Entity::invoice_move, "v_stage_move WHERE entity = 'invoice'"},
      {Entity::currency, "v_currency"}};
  Desk desk;
  for (int round = 0; round < 2; ++round) {
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
    for (const auto& [entity, view] : views) {
      auto ids = desk.portal().ids(entity);
      std::sort(ids.begin(), ids.end());
      EXPECT_FALSE(ids.empty()) << name(entity);
      EXPECT_EQ(desk.ids(fmt::format("SELECT id FROM {} ORDER BY id", view)), ids) << name(entity);
    }
    desk.portal().mutate(300, 1);
    desk.go_on(seconds{30});
  }
}

// --- a list that only grows ---

TEST(PullerAppended, NewRowsAreFoundByTheirIds) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t before = desk.number(kDealMoves);
  ASSERT_GT(before, 0);
  EXPECT_EQ(before, moves_of_the_portal(desk));

  desk.go_on(seconds{30});
  const std::int64_t last = desk.stream(Entity::deal_move).cursor_id;
  EXPECT_EQ(last, desk.number("SELECT max(id) FROM v_stage_move WHERE entity = 'deal'"));
  const std::int64_t deal = move_a_deal(desk);
  const std::string behind = fmt::format("filter%5B%3EID%5D={}&", last);
  const std::size_t asked = desk.asked(behind);
  const std::uint64_t requests = desk.portal().counters().requests;
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.portal().counters().requests - requests, 1U);
  EXPECT_EQ(desk.asked(behind), asked + 1);
  EXPECT_EQ(desk.number(kDealMoves), before + 1);
  EXPECT_EQ(desk.number(fmt::format("SELECT owner_id FROM v_stage_move WHERE entity = 'deal' AND "
                                    "id > {}",
                                    last)),
            deal);
  EXPECT_GT(desk.stream(Entity::deal_move).cursor_id, last);
}

TEST(PullerAppended, ARestartGoesOnBehindTheLastRow) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const std::int64_t last = desk.stream(Entity::deal_move).cursor_id;
  const std::string behind = fmt::format("filter%5B%3EID%5D={}&", last);
  const std::size_t asked = desk.asked(behind);
  desk.restart();
  desk.go_on(hours{5});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.asked(behind), asked + 1);
  EXPECT_EQ(desk.number(kDealMoves), moves_of_the_portal(desk));
}

TEST(PullerAppended, ALineThatWasMissedIsFoundByTheCount) {
  Desk desk;
  desk.portal().add_fault({.kind = sim::FaultKind::broken_row, .method = kMoves, .count = 1});
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(desk.number(kDealMoves), moves_of_the_portal(desk));
}

// --- currencies: a whole list that may be refused ---

constexpr const char* kCurrencies = "crm.currency.list";

TEST(PullerCurrency, RatesAreLookedAtOnceAnHour) {
  Desk desk;
  ASSERT_FALSE(desk.pass().error);
  const char* const rate =
      "SELECT CAST(round(rate * 10000) AS INTEGER) FROM v_currency WHERE code = 'USD'";
  EXPECT_EQ(desk.number(rate), 905'000);
  desk.portal().call("crm.currency.update", R"({"ID":"USD","fields":{"AMOUNT":"91.2501"}})");
  desk.portal().call("crm.currency.delete", R"({"id":"EUR"})");
  const std::size_t asked = desk.asked(kCurrencies);
  for (int i = 0; i < 5; ++i) {
    desk.go_on(minutes{10});
    ASSERT_FALSE(desk.pass().error);
  }
  EXPECT_EQ(desk.asked(kCurrencies), asked);
  EXPECT_EQ(desk.number(rate), 905'000);
  desk.go_on(minutes{11});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.number(rate), 912'501);
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_currency WHERE code = 'EUR'"), 0);
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_change WHERE entity = 'currency' "
                        "AND field = 'rate' AND old_value = 90.5 AND new_value = 91.2501"),
            1);
}

// All of them come at once, and the portal counts none.
TEST(PullerCurrency, MoreThanAPageAreOneList) {
  Desk desk;
  for (char a = 'A'; a <= 'J'; ++a) {
    for (char b = 'A'; b <= 'F'; ++b) {
      desk.portal().call(
          "crm.currency.add",
          fmt::format(R"({{"fields":{{"CURRENCY":"X{}{}","AMOUNT":"2.5","AMOUNT_CNT":1}}}})", a,
                      b));
    }
  }
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_currency"), 64);
  EXPECT_TRUE(desk.stream(Entity::currency).full_done);
}

// Whoever may not see the settings of the CRM does without rates.
TEST(PullerCurrency, ARefusalSilencesNothingElse) {
  Desk desk;
  desk.portal().add_fault(refusal(kCurrencies, "ACCESS_DENIED"));
  const PassReport report = desk.pass(Puller::Counts::now);
  EXPECT_FALSE(report.error);
  EXPECT_TRUE(report.streams.empty()) << report.streams.front().text;
  EXPECT_TRUE(desk.stream(Entity::currency).refused);
  EXPECT_FALSE(desk.stream(Entity::currency).full_done);
  EXPECT_EQ(desk.number("SELECT count(*) FROM v_deal WHERE amount_base IS NOT NULL"), 0);
  const std::size_t asked = desk.asked(kCurrencies);
  desk.go_on(minutes{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.asked(kCurrencies), asked) << "asked now and then";
  desk.portal().clear_faults();
  desk.go_on(minutes{31});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_FALSE(desk.stream(Entity::currency).refused);
  EXPECT_GT(desk.number("SELECT count(*) FROM v_deal WHERE amount_base IS NOT NULL"), 0);
}

// --- what a portal may not have, and what may wait ---

TEST(PullerOptional, ItsFirstReadingGoesOnBesideThePolls) {
  sim::PortalOptions options = small_company();
  options.deals = 3000;  // whose moves take more than one request of 2,500 rows
  options.payments = false;
  Desk desk{options, {.fill_requests = 1, .details = {.requests = 0}}};
  ASSERT_FALSE(desk.pass().error);
  EXPECT_TRUE(desk.stream(Entity::deal).full_done);
  EXPECT_TRUE(desk.stream(Entity::call).full_done);
  EXPECT_FALSE(desk.stream(Entity::deal_move).full_done);
  const std::int64_t first = desk.stream(Entity::deal_move).cursor_id;
  EXPECT_GT(first, 0);

  desk.go_on(seconds{30});
  const std::int64_t deal = move_a_deal(desk);
  const std::uint64_t requests = desk.portal().counters().requests;
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.portal().counters().requests - requests, 3U)
      << "the poll, a bit more, and what changed in the lists that were completed by it";
  EXPECT_GT(desk.stream(Entity::deal_move).cursor_id, first);
  EXPECT_FALSE(desk.stream(Entity::deal_move).full_done);

  desk.restart();  // with forty requests to a pass
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_TRUE(desk.stream(Entity::deal_move).full_done);
  EXPECT_EQ(desk.number(kDealMoves), moves_of_the_portal(desk));
  EXPECT_GT(desk.number(fmt::format("SELECT count(*) FROM v_stage_move WHERE entity = 'deal' AND "
                                    "owner_id = {}",
                                    deal)),
            1);
}

TEST(PullerOptional, ARefusedStreamHoldsNothingUpAndIsAskedForOnceAnHour) {
  Desk desk;
  desk.portal().add_fault(refusal(kMoves, "ENTITY_TYPE_NOT_SUPPORTED"));
  const PassReport first = desk.pass();
  EXPECT_FALSE(first.error);
  EXPECT_TRUE(first.streams.empty()) << first.streams.front().text;
  EXPECT_TRUE(desk.stream(Entity::deal).full_done);
  StreamState moves = desk.stream(Entity::deal_move);
  EXPECT_FALSE(moves.full_done);
  EXPECT_TRUE(moves.refused);
  EXPECT_THAT(moves.problem, HasSubstr("Портал не даёт этих данных: crm.stagehistory.list"));

  desk.calls(kMoves);
  for (int poll = 0; poll < 3; ++poll) {
    desk.go_on(seconds{30});
    ASSERT_FALSE(desk.pass(poll == 0 ? Puller::Counts::now : Puller::Counts::when_due).error);
  }
  EXPECT_EQ(desk.calls(kMoves), 0U);
  EXPECT_TRUE(desk.stream(Entity::deal_move).refused) << "not asked is not given";
  EXPECT_EQ(desk.stream(Entity::deal_move).problem, moves.problem);

  desk.go_on(hours{1});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kMoves), 3U) << "of deals, of leads and of invoices";

  desk.portal().clear_faults();
  desk.go_on(hours{1});
  ASSERT_FALSE(desk.pass().error);
  moves = desk.stream(Entity::deal_move);
  EXPECT_TRUE(moves.full_done);
  EXPECT_FALSE(moves.refused);
  EXPECT_EQ(moves.problem, "");
  EXPECT_EQ(desk.number(kDealMoves), moves_of_the_portal(desk));
}

TEST(PullerOptional, ARefusalStandsWhileThePortalIsAway) {
  Desk desk;
  desk.portal().add_fault(refusal(kMoves, "ENTITY_TYPE_NOT_SUPPORTED"));
  ASSERT_FALSE(desk.pass().error);
  const std::string problem = desk.stream(Entity::deal_move).problem;
  desk.portal().add_fault(outage());
  desk.go_on(seconds{30});
  ASSERT_TRUE(desk.pass().error);
  EXPECT_EQ(desk.stream(Entity::deal_move).problem, problem);
  desk.portal().clear_faults();
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_TRUE(desk.stream(Entity::deal_move).refused);
  EXPECT_EQ(desk.stream(Entity::deal_move).problem, problem);
}

TEST(PullerOptional, ARestartAsksAtOnce) {
  Desk desk;
  desk.portal().add_fault(refusal(kMoves, "ENTITY_TYPE_NOT_SUPPORTED"));
  ASSERT_FALSE(desk.pass().error);
  desk.portal().clear_faults();
  desk.restart();
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_TRUE(desk.stream(Entity::deal_move).full_done);
  EXPECT_EQ(desk.stream(Entity::deal_move).problem, "");
}

// The administrator ticks a scope: whatever it opens is asked for, not in an hour.
TEST(PullerOptional, RightsThatAreGivenAreUsedAtOnce) {
  Desk desk;
  desk.portal().add_fault(refusal(kMoves, "insufficient_scope"));
  desk.portal().add_fault(refusal("voximplant.statistic.get", "insufficient_scope"));
  ASSERT_FALSE(desk.pass().error);
  ASSERT_TRUE(desk.stream(Entity::call).refused);
  ASSERT_TRUE(desk.stream(Entity::deal_move).refused);
  desk.portal().clear_faults();
  for (int poll = 0; poll < 2; ++poll) {
    desk.go_on(seconds{30});
    ASSERT_FALSE(desk.pass().error);
  }
  EXPECT_TRUE(desk.stream(Entity::call).full_done);
  EXPECT_TRUE(desk.stream(Entity::deal_move).full_done);
}

TEST(PullerOptional, HintsOfWhatIsRefusedAreNotFollowed) {
  constexpr const char* kActivities = "crm.activity.list";
  Desk desk;
  desk.portal().add_fault(refusal(kActivities, "insufficient_scope"));
  ASSERT_FALSE(desk.pass().error);
  ASSERT_TRUE(desk.stream(Entity::activity).refused);
  desk.calls(kActivities);
  desk.hints.add({Entity::activity, 7});
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls(kActivities), 0U);
  EXPECT_TRUE(desk.hints.take().empty()) << "it is not kept for ever either";
}

// What fails for the moment is asked for with the next poll, optional or not.
TEST(PullerOptional, AFaultIsNoRefusal) {
  Desk desk;
  desk.portal().add_fault({.kind = sim::FaultKind::error,
                           .method = kMoves,
                           .count = -1,
                           .detail = "INTERNAL_SERVER_ERROR",
                           .status = 500});
  const PassReport report = desk.pass();
  EXPECT_FALSE(report.error);
  EXPECT_FALSE(report.streams.empty());
  EXPECT_FALSE(desk.stream(Entity::deal_move).refused);
  desk.portal().clear_faults();
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_TRUE(desk.stream(Entity::deal_move).full_done);
}

}  // namespace
}  // namespace b24
