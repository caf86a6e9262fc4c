#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/company.h"
#include "tests/engine/desk.h"

// Payments by the shop's list or by cards, goods and comments: the mirror is the portal.

namespace b24 {
namespace {

using json = nlohmann::json;
using Lines = std::set<std::string>;

sim::PortalOptions with_shop() {
  sim::PortalOptions options = small_company();
  options.deals = 200;
  options.invoices = 60;
  return options;
}
sim::PortalOptions without_shop() {
  sim::PortalOptions options = with_shop();
  options.scopes.erase("sale");
  return options;
}

// A rule that reads a view.
RuleSet reading(const char* sql) {
  return rules_of(fmt::format(R"(version: 1
metrics:
  read:
    title: Читает
    kind: state
    sql: {}
rules:
  - id: reads
    name: Читает
    metric: read
    by: manager
    above: 1000000
    text: "{{manager}}"
    resolved: "{{manager}}"
)",
                              sql));
}
constexpr const char* kReceipts =
    "SELECT manager_id, sum(net_minor) AS value FROM v_receipt GROUP BY manager_id";
constexpr const char* kComments =
    "SELECT author_id AS manager_id, count(*) AS value FROM v_comment GROUP BY author_id";

Lines of_mirror(Desk& desk, const std::string& columns, const std::string& from) {
  const auto table = desk.reader().query(fmt::format("SELECT {} FROM {}", columns, from));
  if (!table) throw std::runtime_error{table.error().text};
  Lines lines;
  for (const auto& row : table->rows) {
    std::string line;
    for (const Value& value : row) line += as_text(value) + "|";
    lines.insert(line);
  }
  return lines;
}

std::int64_t hundredths(const json& sum) { return std::llround(sum.get<double>() * 100); }

std::string time_of(const json& text) {
  return text.is_null() ? "" : std::to_string(to_unix(*parse_time(text.get<std::string>())));
}

// All payments of the portal, or only those of cards, of whose return the portal does not speak.
enum class Whose { everybody, cards };

std::string line_of(const json& payment, std::int64_t deal, std::int64_t invoice, Whose whose) {
  const auto id = [](std::int64_t number) { return number == 0 ? "" : std::to_string(number); };
  const bool returned = whose == Whose::everybody && payment["isReturn"] == "Y";
  return fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|", payment["id"].get<std::int64_t>(),
                     payment["accountNumber"].get<std::string>(), id(deal), id(invoice),
                     hundredths(payment["sum"]), payment["currency"].get<std::string>(),
                     payment["paid"] == "Y" ? 1 : 0, time_of(payment["datePaid"]),
                     returned ? 1 : 0);
}
constexpr const char* kPaymentColumns =
    "id, number, deal_id, invoice_id, amount_minor, currency, paid, paid_at, is_return";

std::int64_t deal_of_invoice(Desk& desk, std::int64_t id) {
  const std::string row = desk.portal().row(Entity::invoice, id);
  if (row.empty()) return 0;
  const json deal = json::parse(row)["parentId2"];
  return deal.is_null() ? 0 : deal.get<std::int64_t>();
}

Lines payments_of(Desk& desk, Whose whose) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> owners;
  for (const json& link : json::parse(desk.portal().rows(Entity::order_link))) {
    owners[link["orderId"]] = {link["ownerTypeId"], link["ownerId"]};
  }
  Lines lines;
  for (const json& payment : json::parse(desk.portal().rows(Entity::payment))) {
    const auto [type, id] = owners[payment["orderId"]];
    if (type == 0 && whose == Whose::cards) continue;
    lines.insert(type == 31 ? line_of(payment, deal_of_invoice(desk, id), id, whose)
                            : line_of(payment, id, 0, whose));
  }
  return lines;
}

// What was given back of what had been paid, and what all the rest comes to.
struct Receipts {
  Lines refunds;
  std::int64_t sum = 0;
};
Receipts receipts_of_portal(Desk& desk) {
  Receipts found;
  for (const json& payment : json::parse(desk.portal().rows(Entity::payment))) {
    if (payment["datePaid"].is_null()) continue;
    const std::int64_t sum = hundredths(payment["sum"]);
    const bool returned = payment["isReturn"] == "Y";
    if (returned) found.refunds.insert(fmt::format("{}|{}|", payment["id"].dump(), -sum));
    if (!returned) found.sum += sum;
  }
  return found;
}
void expect_receipts(Desk& desk) {
  const Receipts portal = receipts_of_portal(desk);
  EXPECT_FALSE(portal.refunds.empty());
  EXPECT_EQ(of_mirror(desk, "id, amount_minor", "v_receipt WHERE kind = 'refund'"), portal.refunds);
  EXPECT_EQ(desk.number("SELECT sum(amount_minor) FROM v_receipt"), portal.sum);
}

// Of the deals that the webhook's owner may see.
Lines goods_of(Desk& desk, std::int64_t hidden = 0) {
  Lines lines;
  for (const std::int64_t deal : desk.portal().ids(Entity::deal)) {
    if (deal == hidden) continue;
    const json answer = json::parse(desk.portal().call(
        "crm.item.productrow.list",
        fmt::format(R"({{"filter":{{"=ownerType":"D","=ownerId":{}}}}})", deal)));
    for (const json& row : answer["result"]["productRows"]) {
      lines.insert(fmt::format("{}|{}|{}|{}|", deal, row["id"].get<std::int64_t>(),
                               hundredths(row["price"]), row["quantity"].get<double>()));
    }
  }
  return lines;
}

Lines comments_of(Desk& desk) {
  Lines lines;
  for (const std::int64_t deal : desk.portal().ids(Entity::deal)) {
    const json answer = json::parse(desk.portal().call(
        "crm.timeline.comment.list",
        fmt::format(R"({{"filter":{{"ENTITY_TYPE":"deal","ENTITY_ID":{}}}}})", deal)));
    for (const json& comment : answer["result"]) {
      lines.insert(fmt::format("{}|{}|{}|", deal, comment["ID"].get<std::string>(),
                               comment["AUTHOR_ID"].get<std::string>()));
    }
  }
  return lines;
}

TEST(PullerTrade, TheShopsListIsMirrored) {
  Desk desk{with_shop()};
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  const Lines at_first = payments_of(desk, Whose::everybody);
  ASSERT_GT(at_first.size(), 100U);
  EXPECT_EQ(of_mirror(desk, kPaymentColumns, "v_payment"), at_first);
  EXPECT_EQ(of_mirror(desk, "source, payments_by", "v_receipt_source"),
            Lines{"payments|sale.payment.list|"});
  EXPECT_EQ(desk.calls("crm.item.payment.list"), 0U) << "one way only";
  expect_receipts(desk);
  // New ones are found by their ids; those paid, unpaid again or returned by the time; those
  // deleted, alone or with their orders, by the count.
  sim::MutationCounts made;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const auto more = desk.portal().mutate(60, seed);
    made.payments_added += more.payments_added;
    made.payments_paid += more.payments_paid;
    made.payments_returned += more.payments_returned;
    made.payments_deleted += more.payments_deleted;
    made.orders_deleted += more.orders_deleted;
    desk.go_on(minutes{16});
    for (int i = 0; i < 2; ++i) ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
    EXPECT_EQ(of_mirror(desk, kPaymentColumns, "v_payment"), payments_of(desk, Whose::everybody));
  }
  for (const int count : {made.payments_added, made.payments_paid, made.payments_returned,
                          made.payments_deleted, made.orders_deleted}) {
    EXPECT_GT(count, 0);
  }
  expect_receipts(desk);
  const Lines now = payments_of(desk, Whose::everybody);
  EXPECT_NE(now, at_first);
  EXPECT_EQ(of_mirror(desk, kPaymentColumns, "v_payment"), now);
}

// As the service finds it: the counts differ, twice, and the ids say which.
TEST(PullerTrade, ADeletedPaymentLeavesTheReceipts) {
  Desk desk{with_shop()};
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  const auto receipts = desk.ids("SELECT id FROM v_receipt WHERE kind = 'payment' ORDER BY id");
  ASSERT_GT(receipts.size(), 30U);
  const std::int64_t gone = receipts.at(20);
  const json unbound = json::parse(desk.portal().row(Entity::payment, receipts.at(30)));
  desk.portal().remove(Entity::payment, gone);
  desk.portal().remove(Entity::order_link, unbound["orderId"]);
  desk.go_on(minutes{16});
  for (int i = 0; i < 3; ++i) {
    ASSERT_FALSE(desk.pass().error);
    desk.go_on(seconds{30});
  }
  EXPECT_EQ(desk.number(fmt::format("SELECT count(*) FROM v_receipt WHERE id = {}", gone)), 0);
  EXPECT_EQ(desk.number(fmt::format("SELECT deal_id IS NULL AND invoice_id IS NULL FROM v_receipt "
                                    "WHERE kind = 'payment' AND id = {}",
                                    receipts.at(30))),
            1)
      << "its order is nobody's";
  EXPECT_EQ(of_mirror(desk, kPaymentColumns, "v_payment"), payments_of(desk, Whose::everybody));
  expect_receipts(desk);
}

TEST(PullerTrade, ALookAtPaymentsCostsLittle) {
  Desk desk{with_shop()};
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  desk.calls("sale.payment.list");
  desk.calls("crm.orderentity.list");
  const auto requests = desk.portal().counters().requests;
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass().error);
  EXPECT_EQ(desk.calls("sale.payment.list"), 1U) << "new ones";
  EXPECT_EQ(desk.calls("crm.orderentity.list"), 1U);
  EXPECT_EQ(desk.portal().counters().requests - requests, 1U) << "in the batch of the others";
}

TEST(PullerTrade, WithoutTheScopeCardsAreAsked) {
  Desk desk{without_shop(), {}, reading(kReceipts)};
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_TRUE(desk.stream(Entity::payment).refused);
  EXPECT_TRUE(desk.stream(Entity::deal).problem.empty()) << "the rest works";
  desk.go_on(seconds{30});
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(of_mirror(desk, kPaymentColumns, "v_payment"), payments_of(desk, Whose::cards));
  EXPECT_EQ(of_mirror(desk, "source, payments_by", "v_receipt_source"),
            Lines{"payments|crm.item.payment.list|"});
  EXPECT_EQ(of_mirror(desk, "deal_id, id, price_minor, quantity", "v_deal_product"),
            goods_of(desk));
  EXPECT_EQ(desk.calls("crm.timeline.comment.list"), 0U) << "no rule reads comments";
  // A payment need not change its card.
  desk.portal().mutate(100, 1);
  desk.go_on(hours{7});
  for (int i = 0; i < 3; ++i) {
    desk.go_on(seconds{30});
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  }
  EXPECT_EQ(of_mirror(desk, kPaymentColumns, "v_payment"), payments_of(desk, Whose::cards));
  EXPECT_EQ(of_mirror(desk, "deal_id, id, price_minor, quantity", "v_deal_product"),
            goods_of(desk));
}

// What is in a card that was hidden after it was read is denied; that says nothing of the others.
TEST(PullerTrade, AHiddenDealKeepsNoOtherFromBeingRead) {
  Desk desk{without_shop(), {}, reading(kReceipts)};
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
    desk.go_on(seconds{30});
  }
  const std::int64_t hidden = desk.number("SELECT max(deal_id) FROM v_deal_product");
  desk.portal().hide(Entity::deal, hidden);
  for (const std::int64_t deal : desk.portal().ids(Entity::deal)) {
    desk.hints.add({Entity::deal, deal});
    desk.portal().call("crm.item.update", fmt::format(R"({{"entityTypeId":2,"id":{}}})", deal));
  }
  for (int i = 0; i < 3; ++i) {
    desk.go_on(seconds{30});
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  }
  EXPECT_FALSE(desk.has_deal(hidden));
  EXPECT_EQ(of_mirror(desk, "deal_id, id, price_minor, quantity", "v_deal_product"),
            goods_of(desk, hidden));
  for (const DetailState& state : desk.reader().details()) {
    EXPECT_FALSE(state.refused) << name(state.detail);
  }
}

TEST(PullerTrade, OnlyWhatARuleReadsIsAskedFor) {
  Desk desk{without_shop()};
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
    desk.go_on(seconds{30});
  }
  for (const char* method :
       {"crm.item.payment.list", "crm.item.productrow.list", "crm.timeline.comment.list"}) {
    EXPECT_EQ(desk.calls(method), 0U) << method;
  }
}

// Pages of an owner are read to its end, however many: a part would be a wrong answer for good.
TEST(PullerTrade, ADealOfManyCommentsIsReadToItsEnd) {
  Desk desk{without_shop(), {.details = {.requests = 5}}, reading(kComments)};
  const std::int64_t deal = desk.portal().ids(Entity::deal).back();
  for (int i = 0; i < 330; ++i) {
    desk.portal().call(
        "crm.timeline.comment.add",
        fmt::format(R"({{"fields":{{"ENTITY_TYPE":"deal","ENTITY_ID":{},"COMMENT":"c"}}}})", deal));
  }
  for (int i = 0; i < 4; ++i) {
    ASSERT_FALSE(desk.pass().error);
    desk.go_on(seconds{30});
  }
  const auto answer = json::parse(desk.portal().call(
      "crm.timeline.comment.list",
      fmt::format(R"({{"filter":{{"ENTITY_TYPE":"deal","ENTITY_ID":{}}}}})", deal)));
  ASSERT_GE(answer["total"], 330);
  EXPECT_EQ(desk.number(fmt::format("SELECT count(*) FROM v_comment WHERE deal_id = {}", deal)),
            answer["total"]);
}

TEST(PullerTrade, CommentsAreReadForARuleAndFollowTheirDeals) {
  Desk desk{without_shop(), {}, reading(kComments)};
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
    desk.go_on(seconds{30});
  }
  const Lines at_first = comments_of(desk);
  ASSERT_GT(at_first.size(), 50U);
  EXPECT_EQ(of_mirror(desk, "deal_id, id, author_id", "v_comment"), at_first);
  EXPECT_EQ(desk.calls("crm.timeline.comment.list"), desk.portal().count(Entity::deal));
  EXPECT_EQ(desk.calls("crm.item.payment.list"), 0U);
  const std::int64_t deal = desk.portal().ids(Entity::deal).front();
  desk.portal().call(
      "crm.timeline.comment.add",
      fmt::format(R"({{"fields":{{"ENTITY_TYPE":"deal","ENTITY_ID":{},"COMMENT":"c"}}}})", deal));
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(of_mirror(desk, "deal_id, id, author_id", "v_comment"), comments_of(desk));
  EXPECT_EQ(desk.calls("crm.timeline.comment.list"), 1U) << "of the one deal that changed";
}

// The rest would pass for all there is: the deal is asked again.
TEST(PullerTrade, ARowThatIsNotUnderstoodIsNotLeftOut) {
  Desk desk{without_shop(), {}, reading(kComments)};
  desk.portal().add_fault(
      {.kind = sim::FaultKind::broken_row, .method = "crm.timeline.comment.list", .detail = "ID"});
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
    desk.go_on(seconds{30});
  }
  ASSERT_TRUE(desk.portal().faults().empty());
  EXPECT_NE(of_mirror(desk, "deal_id, id, author_id", "v_comment"), comments_of(desk));
  desk.go_on(minutes{10});
  ASSERT_FALSE(desk.pass(Puller::Counts::now).error);
  EXPECT_EQ(of_mirror(desk, "deal_id, id, author_id", "v_comment"), comments_of(desk));
}

}  // namespace
}  // namespace b24
