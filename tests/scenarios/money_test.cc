#include <fmt/format.h>
#include <gmock/gmock.h>

#include <SQLiteCpp/SQLiteCpp.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/support/workplace.h"

// Sums in the base currency against the portal's own figures, through the real program.

namespace b24 {
namespace {

using nlohmann::json;
using testing::HasSubstr;

// Of every card: the sum by today's rates, in hundredths, from what the portal shows.
std::map<std::int64_t, std::int64_t> sums_of_the_portal(Workplace& workplace, Entity entity) {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> rates;  // in ten-thousandths
  for (const json& row : json::parse(workplace.portal().rows(Entity::currency))) {
    rates[row.at("CURRENCY")] = {std::llround(std::stod(row.at("AMOUNT").get<std::string>()) * 1e4),
                                 std::stoll(row.at("AMOUNT_CNT").get<std::string>())};
  }
  std::map<std::int64_t, std::int64_t> sums;
  for (const json& row : json::parse(workplace.portal().rows(entity))) {
    const auto [rate, nominal] = rates.at(row.at("currencyId"));
    const std::int64_t minor = std::llround(row.at("opportunity").get<double>() * 100);
    const std::int64_t unit = nominal * 10'000;
    sums[row.at("id")] = (2 * minor * rate + unit) / (2 * unit);
  }
  return sums;
}

std::map<std::int64_t, std::int64_t> sums_of_the_mirror(Workplace& workplace, const char* view) {
  std::map<std::int64_t, std::int64_t> sums;
  for (const json& row :
       workplace.query(fmt::format("SELECT id, amount_base_minor AS sum FROM {}", view))) {
    sums[row.at("id")] = row.at("sum").get<std::int64_t>();
  }
  return sums;
}

TEST(MoneyScenario, SumsFollowTheRates) {
  Workplace workplace{{.managers = 4,
                       .deals = 300,
                       .tasks = 5,
                       .calls = 5,
                       .quotes = 120,
                       .invoices = 120,
                       .activities = 0,
                       .limits = {.enabled = false}}};
  const std::pair<Entity, const char*> kinds[] = {{Entity::deal, "v_deal"},
                                                  {Entity::lead, "v_lead"},
                                                  {Entity::quote, "v_quote"},
                                                  {Entity::invoice, "v_invoice"}};
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  EXPECT_EQ(differences(workplace), "");
  for (const auto& [entity, view] : kinds) {
    EXPECT_EQ(sums_of_the_mirror(workplace, view), sums_of_the_portal(workplace, entity)) << view;
  }
  const char* const kWon =
      "SELECT deal_id AS id, amount_base_minor AS sum FROM v_deal_won ORDER BY deal_id";
  const json won = workplace.query(kWon);
  workplace.portal().call("crm.currency.update", R"({"ID":"USD","fields":{"AMOUNT":"101.2345"}})");
  workplace.portal().call("crm.currency.update",
                          R"({"ID":"KZT","fields":{"AMOUNT":"0.1999","AMOUNT_CNT":1}})");
  ASSERT_EQ(workplace.run({"sync"}).exit_code, 0);
  EXPECT_EQ(differences(workplace), "");
  for (const auto& [entity, view] : kinds) {
    EXPECT_EQ(sums_of_the_mirror(workplace, view), sums_of_the_portal(workplace, entity)) << view;
  }
  EXPECT_EQ(workplace.query(kWon), won) << "what was won stays worth what it was";

  SQLite::Database{workplace.folder() + "/state/b24watch.sqlite", SQLite::OPEN_READWRITE, 5000}
      .exec("UPDATE currencies SET rate = 1 WHERE code = 'EUR'");
  const Finished verified = workplace.run({"verify", "--stream", "currency"});
  EXPECT_EQ(verified.exit_code, 1) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("валюта EUR, rate: в зеркале 1, на портале 98.2541\n"));
}

// Whoever may not see the settings of the CRM is told so, and everything else works.
TEST(MoneyScenario, WithoutRatesTheRestWorks) {
  Workplace workplace{
      {.managers = 3, .deals = 40, .tasks = 5, .calls = 5, .limits = {.enabled = false}}};
  workplace.portal().add_fault({.kind = sim::FaultKind::error,
                                .method = "crm.currency.list",
                                .count = -1,
                                .detail = "ACCESS_DENIED"});
  EXPECT_EQ(workplace.run({"sync"}).exit_code, 0);
  const json sums = workplace.query(
      "SELECT count(*) AS deals, count(amount) AS sums, count(amount_base) AS base FROM v_deal");
  EXPECT_EQ(sums[0], json({{"deals", 40}, {"sums", 40}, {"base", 0}}));
  EXPECT_THAT(workplace.run({"status"}).out,
              HasSubstr("currency             0  портал не даёт, обходимся без этого: "));
  EXPECT_THAT(workplace.run({"doctor"}).out, HasSubstr("Список «валюты» не читается. "));
}

}  // namespace
}  // namespace b24
