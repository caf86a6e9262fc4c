#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/support/workplace.h"

// The mirror against the portal, row by row, through the real program.

namespace b24 {
namespace {

sim::PortalOptions company() {
  return {.managers = 8,
          .deals = 1500,
          .tasks = 900,
          .calls = 6000,
          .leads = 300,
          .contacts = 300,
          .companies = 100,
          .quotes = 150,
          .invoices = 150,
          .activities = 800,
          .days = 30,  // payments are followed for five weeks
          .limits = {.enabled = false}};
}

nlohmann::json synced(Workplace& workplace) {
  const Finished done = workplace.run({"sync", "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  return done.exit_code == 0 ? nlohmann::json::parse(done.out) : nlohmann::json{};
}

// Of what is older than 45 days less is read.
TEST(MirrorScenario, QuietFullReadEqualsThePortal) {
  sim::PortalOptions options = company();
  options.days = 60;
  Workplace workplace{options};
  const auto report = synced(workplace);
  EXPECT_GE(report["rows"], 1500 + 900 + 6000);
  EXPECT_EQ(all_differences(workplace), "");
  EXPECT_TRUE(workplace.portal().counters().refusals.empty());
}

TEST(MirrorScenario, KnowsWhoseWebhookItIs) {
  Workplace workplace{
      {.managers = 2, .deals = 5, .tasks = 5, .calls = 5, .limits = {.enabled = false}}};
  synced(workplace);
  SQLite::Database state{workplace.folder() + "/state/b24watch.sqlite", SQLite::OPEN_READONLY};
  const auto user = state.execAndGet("SELECT user_id FROM service_users").getInt();
  EXPECT_NE(workplace.portal().webhook().find("/rest/" + std::to_string(user) + "/"),
            std::string::npos);
}

// Open sessions of Open Lines are asked for by the clock, changed or not.
TEST(MirrorScenario, NothingChangedCostsOneRequest) {
  sim::PortalOptions options = company();
  options.chats = 0;
  Workplace workplace{options};
  synced(workplace);
  for (int i = 0; i < 3; ++i) {
    workplace.portal().reset_counters();
    EXPECT_EQ(synced(workplace)["requests"], 1);
    EXPECT_EQ(workplace.portal().counters().requests, 1U);
  }
}

TEST(MirrorScenario, ChangesDuringTheReadAreInTheMirrorAfterwards) {
  sim::PortalOptions options = company();
  Workplace workplace{options};
  // A slow portal, so that the changes fall into the read.
  workplace.portal().add_fault(
      {.kind = sim::FaultKind::slow, .count = -1, .delay = milliseconds{150}});
  Process sync{workplace.command({"sync"}), workplace.folder()};
  for (std::uint64_t round = 0; round < 20; ++round) {
    EXPECT_TRUE(sync.running()) << "the read was over before the changes";
    workplace.portal().mutate(100, round + 1);
    std::this_thread::sleep_for(milliseconds{40});
  }
  EXPECT_EQ(sync.wait().exit_code, 0) << sync.err();
  workplace.portal().clear_faults();
  workplace.catch_up();
  EXPECT_EQ(all_differences(workplace), "");
}

TEST(MirrorScenario, CatchesUpWithChangesAndDeletions) {
  Workplace workplace{company()};
  synced(workplace);
  for (std::uint64_t round = 0; round < 5; ++round) {
    workplace.portal().mutate(200, 100 + round);
    synced(workplace);
    ASSERT_EQ(differences(workplace, Asked::by_polls), "") << "round " << round;
  }
  workplace.catch_up();
  EXPECT_EQ(all_differences(workplace), "");
}

// Goods and comments of deals, and payments: by the shop's list, or card by card.
class OnDemand : public testing::TestWithParam<const char*> {};

TEST_P(OnDemand, WhatSomeRuleReadsEqualsThePortal) {
  sim::PortalOptions options{.managers = 4,
                             .deals = 150,
                             .tasks = 20,
                             .calls = 50,
                             .invoices = 60,
                             .days = 30,
                             .limits = {.enabled = false},
                             .payments_change_cards = true};
  const bool by_cards = std::string{GetParam()} == "cards";
  if (by_cards) options.scopes.erase("sale");
  if (by_cards) options.days = 60;
  Workplace workplace{options};
  workplace.read_on_demand();
  workplace.catch_up();
  EXPECT_EQ(all_differences(workplace), "");
  for (const char* view : {"v_deal_product", "v_comment", "v_payment", "v_chat_message"}) {
    EXPECT_GE(workplace.query(fmt::format("SELECT 1 FROM {}", view)).size(), 20U) << view;
  }
  EXPECT_EQ(workplace.query("SELECT payments_by AS how FROM v_receipt_source")[0]["how"],
            by_cards ? "crm.item.payment.list" : "sale.payment.list");
  for (std::uint64_t round = 0; round < 2; ++round) {
    workplace.portal().mutate(200, 100 + round);
    workplace.catch_up();
    ASSERT_EQ(all_differences(workplace), "") << "round " << round;
  }
  const Finished verified = workplace.run({"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out;
}

INSTANTIATE_TEST_SUITE_P(Payments, OnDemand, testing::Values("shop", "cards"),
                         [](const auto& test) { return std::string{test.param}; });

TEST(MirrorScenario, KeepsAndReportsARowItCannotRead) {
  Workplace workplace{company()};
  workplace.portal().add_fault(
      {.kind = sim::FaultKind::broken_row, .method = "crm.item.list", .count = 1});
  synced(workplace);
  const auto status = nlohmann::json::parse(workplace.run({"status", "--json"}).out);
  std::int64_t rejected = 0;
  for (const auto& stream : status["streams"]) rejected += stream["rejected"].get<std::int64_t>();
  EXPECT_EQ(rejected, 1);
  EXPECT_GE(workplace.query("SELECT count(*) AS n FROM v_deal")[0]["n"], 1499);
}

TEST(MirrorScenario, TellsTheHiddenFromTheDeleted) {
  Workplace workplace{{.managers = 2, .deals = 30, .tasks = 20, .calls = 30, .days = 10}};
  synced(workplace);
  const auto ids = workplace.portal().ids(Entity::deal);
  workplace.portal().hide(Entity::deal, ids[3]);
  workplace.portal().remove(Entity::deal, ids[4]);
  synced(workplace);  // finds that they are gone
  synced(workplace);  // asks why
  const auto status = nlohmann::json::parse(workplace.run({"status", "--json"}).out);
  for (const auto& stream : status["streams"]) {
    EXPECT_EQ(stream["hidden"], stream["entity"] == "deal" ? 1 : 0) << stream;
  }
  EXPECT_NE(workplace.run({"status"})
                .out.find("Больше не видны пользователю вебхука: сделки – 1. "
                          "Проверьте его права на портале.\n"),
            std::string::npos);
  EXPECT_NE(workplace.run({"doctor"}).out.find("Больше не видны пользователю вебхука: сделки – 1."),
            std::string::npos);
  EXPECT_EQ(workplace.query("SELECT entity_id AS id FROM v_hidden")[0]["id"], ids[3]);
}

struct FaultCase {
  const char* name;
  sim::Fault fault;
};
void PrintTo(const FaultCase& fault, std::ostream* out) { *out << fault.name; }

class FaultyPortal : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultyPortal, IsReadToTheEndAllTheSame) {
  Workplace workplace{company()};
  workplace.portal().add_fault(GetParam().fault);
  synced(workplace);
  workplace.portal().clear_faults();
  EXPECT_EQ(all_differences(workplace), "");
}

INSTANTIATE_TEST_SUITE_P(
    Faults, FaultyPortal,
    testing::Values(
        FaultCase{"query_limit", {.kind = sim::FaultKind::query_limit, .count = 2}},
        FaultCase{"server_error", {.kind = sim::FaultKind::server_error, .count = 2}},
        FaultCase{"bad_gateway", {.kind = sim::FaultKind::bad_gateway, .count = 2}},
        FaultCase{"html", {.kind = sim::FaultKind::html, .count = 2}},
        FaultCase{"empty", {.kind = sim::FaultKind::empty, .count = 2}},
        FaultCase{"truncated", {.kind = sim::FaultKind::truncated, .count = 2}},
        FaultCase{"cut_json", {.kind = sim::FaultKind::cut_json, .count = 2}},
        FaultCase{"reset", {.kind = sim::FaultKind::reset, .count = 2}},
        FaultCase{"duplicate_rows",
                  {.kind = sim::FaultKind::duplicate_rows, .method = "crm.item.list", .count = 5}},
        FaultCase{"ignored_id_filter",
                  {.kind = sim::FaultKind::ignore_id_filter,
                   .method = "voximplant.statistic.get",
                   .count = -1}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace b24
