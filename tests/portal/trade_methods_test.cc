#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>

#include "tests/portal/php.h"
#include "tests/portal/portal.h"

// Goods, orders, payments and comments.

namespace b24::sim {
namespace {

PortalOptions with_shop(bool payments_change_cards = false) {
  PortalOptions options{
      .deals = 300, .tasks = 40, .calls = 100, .now = parse_time("2026-11-20T12:00:00+03:00")};
  options.payments_change_cards = payments_change_cards;
  return options;
}

class TradeMethodsTest : public testing::Test {
 protected:
  Json call(const std::string& method, const std::string& params) {
    return Json::parse(portal_.call(method, params));
  }
  Json goods(std::int64_t deal, const std::string& more = "") {
    return call("crm.item.productrow.list",
                fmt::format(R"({{"filter":{{"=ownerType":"D","=ownerId":{}{}}}}})", deal, more));
  }
  Json rows(Entity entity) { return Json::parse(portal_.rows(entity)); }
  std::map<std::int64_t, Json> deals() {
    std::map<std::int64_t, Json> all;
    for (const Json& deal : rows(Entity::deal)) all[deal["id"]] = deal;
    return all;
  }

  Portal portal_{with_shop()};
};

TEST_F(TradeMethodsTest, GoodsOfADealCostWhatItSays) {
  int with_tax = 0;
  int of_several = 0;
  for (const auto& [id, deal] : deals()) {
    const Json answer = goods(id);
    const Json& rows_of_deal = answer["result"]["productRows"];
    if (rows_of_deal.empty()) continue;
    of_several += rows_of_deal.size() > 1;
    double sum = 0;
    int sort = 0;
    for (const Json& row : rows_of_deal) {
      EXPECT_EQ(row["ownerId"], id);
      EXPECT_GT(row["sort"].get<int>(), sort) << "in this order unless told";
      sort = row["sort"];
      const double price = row["price"];
      sum += price * row["quantity"].get<double>();
      const double rate = row["taxRate"].is_null() ? 0 : row["taxRate"].get<double>();
      with_tax += rate > 0;
      EXPECT_NEAR(row["priceExclusive"].get<double>() * (1 + rate / 100), price, 0.02);
    }
    EXPECT_NEAR(sum, deal["opportunity"].get<double>(), 0.001) << id;
    EXPECT_EQ(answer["total"], rows_of_deal.size());
  }
  EXPECT_GT(with_tax, 0);
  EXPECT_GT(of_several, 0);
}

TEST_F(TradeMethodsTest, GoodsAreAskedForByTheirOwner) {
  std::int64_t deal = 0;
  for (const std::int64_t id : portal_.ids(Entity::deal)) {
    if (goods(id)["result"]["productRows"].size() > 1) deal = id;
  }
  ASSERT_NE(deal, 0);
  const Json all = goods(deal)["result"]["productRows"];
  const auto ids = [](const Json& answer) {
    std::vector<std::int64_t> found;
    for (const Json& row : answer["result"]["productRows"]) found.push_back(row["id"]);
    return found;
  };
  const std::int64_t first = all[0]["id"];
  EXPECT_EQ(ids(goods(deal, fmt::format(R"(,"@id":[{}])", first))), (std::vector{first}));
  EXPECT_EQ(ids(goods(deal, fmt::format(R"(,">id":{})", first))).size(), all.size() - 1);
  EXPECT_EQ(ids(goods(deal, R"(,">price":99999999,"productName":"x")")).size(), all.size())
      << "other conditions are ignored";
  EXPECT_EQ(ids(goods(deal, fmt::format(R"(,"id":[{0}],"@productId":[0])", first))).size(),
            all.size())
      << "so are lists in other keys";
  const struct {
    const char* filter;
    const char* error;
  } cases[] = {{R"({"ownerType":"D","ownerId":$})", "REQUIRED_ARG_MISSING"},
               {R"({"=ownerType":"D"})", "REQUIRED_ARG_MISSING"},
               {R"({"=ownerType":["D"],"=ownerId":$})", "INVALID_ARG_VALUE"},
               {R"({"=ownerType":"D","=ownerId":[$]})", "INVALID_ARG_VALUE"},
               {R"({"=ownerType":"D","=ownerId":$,">id":[1]})", "INVALID_ARG_VALUE"},
               {R"({"=ownerType":"I","=ownerId":$})", "ACCESS_DENIED"},
               {R"({"=ownerType":"C","=ownerId":1})", "ACCESS_DENIED"},
               {R"({"=ownerType":"D","=ownerId":99999999})", "ACCESS_DENIED"}};
  for (const auto& c : cases) {
    std::string filter = c.filter;
    if (const auto at = filter.find('$'); at != std::string::npos) {
      filter.replace(at, 1, std::to_string(deal));
    }
    EXPECT_EQ(call("crm.item.productrow.list", fmt::format(R"({{"filter":{}}})", filter))["error"],
              c.error)
        << c.filter;
  }
}

TEST_F(TradeMethodsTest, PaymentsOfACardAreThoseOfItsOrders) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> owners;  // by order
  for (const Json& link : rows(Entity::order_link)) {
    owners[link["orderId"]] = {link["ownerTypeId"], link["ownerId"]};
  }
  std::map<std::pair<std::int64_t, std::int64_t>, std::set<std::int64_t>> by_card;
  int unbound = 0, parts = 0, returned = 0, unpaid = 0;
  for (const Json& payment : rows(Entity::payment)) {
    const auto owner = owners.find(payment["orderId"]);
    unbound += owner == owners.end();
    if (owner != owners.end()) by_card[owner->second].insert(payment["id"].get<std::int64_t>());
    parts += payment["accountNumber"].get<std::string>().ends_with("/2");
    returned += payment["isReturn"] == "Y";
    unpaid += payment["paid"] == "N";
    EXPECT_EQ(payment["paid"] == "N", payment["datePaid"].is_null());
  }
  EXPECT_EQ(unbound, 1);
  EXPECT_GT(parts, 0);
  EXPECT_GT(returned, 0);
  EXPECT_GT(unpaid, 0);
  bool of_an_invoice = false;
  for (const auto& [card, want] : by_card) {
    const Json answer =
        call("crm.item.payment.list",
             fmt::format(R"({{"entityTypeId":{},"entityId":{}}})", card.first, card.second));
    std::set<std::int64_t> found;
    for (const Json& payment : answer["result"]) found.insert(payment["id"].get<std::int64_t>());
    EXPECT_EQ(found, want) << card.first << ":" << card.second;
    EXPECT_FALSE(answer.contains("total"));
    of_an_invoice = of_an_invoice || card.first == 31;
  }
  EXPECT_TRUE(of_an_invoice);
  const std::int64_t lead = portal_.ids(Entity::lead).front();
  EXPECT_EQ(call("crm.item.payment.list",
                 fmt::format(R"({{"entityTypeId":1,"entityId":{}}})", lead))["result"],
            Json::array());
  EXPECT_EQ(call("crm.item.payment.list", R"({"entityTypeId":2})")["error"], "100");
}

TEST_F(TradeMethodsTest, PaymentsArePagedByIdAndFoundByTheirDay) {
  const auto all = portal_.ids(Entity::payment);
  ASSERT_GT(all.size(), 60u);
  const Json first = call("sale.payment.list", R"({"order":{"id":"asc"},"start":-1})");
  ASSERT_EQ(first["result"]["payments"].size(), 50u) << "below zero is the beginning";
  EXPECT_EQ(first["total"], all.size());
  const Json next =
      call("sale.payment.list",
           fmt::format(R"({{"filter":{{">id":{}}},"order":{{"id":"asc"}}}})", all[49]));
  EXPECT_EQ(next["result"]["payments"][0]["id"], all[50]);
  const Json some =
      call("sale.payment.list",
           fmt::format(R"({{"filter":{{"=id":[{},{}]}},"select":["id"]}})", all[3], all[7]));
  EXPECT_EQ(some["result"]["payments"].size(), 2u);
  EXPECT_EQ(some["result"]["payments"][0].size(), 1u);
  std::size_t expected = 0;
  for (const Json& payment : rows(Entity::payment)) {
    expected += payment["datePaid"].is_string() &&
                payment["datePaid"].get<std::string>() >= "2026-11-10T00:00:00+03:00";
  }
  const Json recent =
      call("sale.payment.list", R"({"filter":{">=datePaid":"2026-11-10T00:00:00+03:00"}})");
  EXPECT_EQ(recent["total"], expected);
  EXPECT_GT(expected, 0u);
}

TEST_F(TradeMethodsTest, OrdersComeAllAtOnceWithoutCounting) {
  const auto all = portal_.ids(Entity::order_link);
  ASSERT_GT(all.size(), 60u);
  EXPECT_EQ(call("crm.orderentity.list", R"({"start":-1})")["result"]["orderEntity"].size(),
            all.size());
  const Json page = call("crm.orderentity.list",
                         fmt::format(R"({{"filter":{{">orderId":{}}},"order":{{"orderId":"asc"}},
                                          "start":0}})",
                                     all[9]));
  EXPECT_EQ(page["result"]["orderEntity"].size(), 50u);
  EXPECT_EQ(page["result"]["orderEntity"][0]["orderId"], all[10]);
  EXPECT_EQ(page["total"], all.size() - 10);
}

TEST_F(TradeMethodsTest, WithoutTheScopeThereIsNoShop) {
  PortalOptions options = with_shop();
  options.scopes.erase("sale");
  Portal portal{options};
  EXPECT_EQ(Json::parse(portal.call("sale.payment.list", "{}"))["error"], "insufficient_scope");
}

TEST_F(TradeMethodsTest, OnlyAnAdministratorSeesTheShop) {
  PortalOptions options = with_shop();
  options.admin = false;
  Portal portal{options};
  for (const char* method : {"sale.payment.list", "crm.orderentity.list"}) {
    EXPECT_EQ(Json::parse(portal.call(method, "{}"))["error"], "200040300010") << method;
  }
}

TEST_F(TradeMethodsTest, CommentsAreThoseOfOneCard) {
  const std::int64_t deal = portal_.ids(Entity::deal).front();
  const std::string filter =
      fmt::format(R"("filter":{{"ENTITY_TYPE":"deal","ENTITY_ID":{}}})", deal);
  const auto before = call("crm.timeline.comment.list", "{" + filter + "}")["result"].size();
  const Json added = call(
      "crm.timeline.comment.add",
      fmt::format(R"({{"fields":{{"ENTITY_TYPE":"deal","ENTITY_ID":{},"COMMENT":"c"}}}})", deal));
  const Json list = call("crm.timeline.comment.list",
                         "{" + filter + R"(,"order":{"ID":"DESC"},"select":["ID","AUTHOR_ID"]})");
  ASSERT_EQ(list["result"].size(), before + 1);
  EXPECT_EQ(list["result"][0]["ID"], std::to_string(added["result"].get<std::int64_t>()));
  EXPECT_EQ(list["result"][0]["AUTHOR_ID"], "1");
  EXPECT_FALSE(list["result"][0].contains("COMMENT"));
  EXPECT_EQ(list["total"], before + 1);
  EXPECT_EQ(call("crm.timeline.comment.list", R"({"filter":{"ENTITY_ID":1}})")["error"], "");
}

// Deals, to which a test adds what is sold in them or paid for them.
PortalOptions bare_shop(bool payments_change_cards = false) {
  return bare(with_shop(payments_change_cards));
}

Json rows_of(const Portal& portal, Entity entity) { return Json::parse(portal.rows(entity)); }

// The ids of rows that are not as they were before, new ones included.
std::set<std::int64_t> changed(const Json& before, const Json& after) {
  std::map<std::int64_t, Json> known;
  for (const Json& row : before) known[row["id"]] = row;
  std::set<std::int64_t> ids;
  for (const Json& row : after) {
    const std::int64_t id = row["id"];
    if (!known.contains(id) || known[id] != row) ids.insert(id);
  }
  return ids;
}

// Makes one change after another, from the same beginning each time, until `wanted` is made and no
// deal is changed for reasons of its own.
MutationCounts mutate_until(Portal& portal, int MutationCounts::*wanted) {
  portal.back_up();
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const MutationCounts made = portal.mutate(1, seed);
    const int deals = made.deals_added + made.deals_changed + made.deals_moved + made.deals_deleted;
    if (deals == 0 && made.*wanted > 0) return made;
    portal.restore();
  }
  return {};
}

// The docs do not say which of the two a portal does.
TEST(TradeChangesTest, WhatIsPaidIsAChangeOfItsDealOrNot) {
  for (const bool of_cards : {false, true}) {
    PortalOptions options = bare_shop(of_cards);
    options.payments = true;
    Portal portal{options};
    portal.set_now(portal.now() + minutes{1});
    const Json deals = rows_of(portal, Entity::deal);
    const Json payments = rows_of(portal, Entity::payment);
    ASSERT_EQ(mutate_until(portal, &MutationCounts::payments_paid).payments_paid, 1);
    const auto paid = changed(payments, rows_of(portal, Entity::payment));
    ASSERT_EQ(paid.size(), 1u);
    const Json payment = Json::parse(portal.row(Entity::payment, *paid.begin()));
    const Json link = Json::parse(portal.row(Entity::order_link, payment["orderId"]));
    std::set<std::int64_t> touched;
    if (of_cards) touched.insert(link["ownerId"].get<std::int64_t>());
    EXPECT_EQ(changed(deals, rows_of(portal, Entity::deal)), touched);
  }
}

TEST(TradeChangesTest, WhatIsSoldIsAChangeOfItsDeal) {
  PortalOptions options = bare_shop();
  options.products = true;
  Portal portal{options};
  portal.set_now(portal.now() + minutes{1});
  const Json deals = rows_of(portal, Entity::deal);
  ASSERT_EQ(mutate_until(portal, &MutationCounts::products_changed).products_changed, 1);
  const auto sold = changed(deals, rows_of(portal, Entity::deal));
  ASSERT_EQ(sold.size(), 1u);
  const Json deal = Json::parse(portal.row(Entity::deal, *sold.begin()));
  EXPECT_EQ(deal["updatedTime"], "2026-11-20T12:01:00+03:00");
  double sum = 0;
  const Json answer = Json::parse(portal.call(
      "crm.item.productrow.list",
      fmt::format(R"({{"filter":{{"=ownerType":"D","=ownerId":{}}}}})", *sold.begin())));
  for (const Json& row : answer["result"]["productRows"]) {
    sum += row["price"].get<double>() * row["quantity"].get<double>();
  }
  EXPECT_NEAR(sum, deal["opportunity"].get<double>(), 0.01);
}

TEST_F(TradeMethodsTest, APaymentOrABondIsRemovedAlone) {
  const auto payments = portal_.ids(Entity::payment);
  const auto links = portal_.ids(Entity::order_link);
  const std::int64_t order =
      Json::parse(portal_.row(Entity::payment, payments.back()))["orderId"].get<std::int64_t>();
  portal_.remove(Entity::payment, payments.back());
  EXPECT_EQ(portal_.row(Entity::payment, payments.back()), "");
  EXPECT_EQ(portal_.count(Entity::payment), payments.size() - 1);
  EXPECT_EQ(portal_.ids(Entity::order_link), links);
  EXPECT_NE(portal_.row(Entity::order_link, order), "") << "its order stays";
  portal_.remove(Entity::order_link, order);
  EXPECT_EQ(portal_.row(Entity::order_link, order), "");
  EXPECT_EQ(portal_.count(Entity::order_link), links.size() - 1);
  EXPECT_EQ(portal_.count(Entity::payment), payments.size() - 1);
  portal_.remove(Entity::payment, 99'999'999);
  EXPECT_EQ(portal_.count(Entity::payment), payments.size() - 1);
}

// The webhook's owner may not see the card, so nothing of what is in it (portal docs:
// crm-item-productrow-list.md, crm-item-payment-list.md, crm-timeline-comment-list.md,
// crm-timeline-comment-add.md, crm-activity-todo-add.md).
TEST_F(TradeMethodsTest, WhatIsInAHiddenDealIsDenied) {
  const struct {
    const char* method;
    const char* params;
    Json error;
    const char* text;
  } cases[] = {
      {"crm.item.productrow.list", R"({"filter":{"=ownerType":"D","=ownerId":$}})", "ACCESS_DENIED",
       "Access denied"},
      {"crm.item.payment.list", R"({"entityTypeId":2,"entityId":$})", 0,
       "Insufficient permissions"},
      {"crm.timeline.comment.list", R"({"filter":{"ENTITY_TYPE":"deal","ENTITY_ID":$}})", "",
       "Access denied."},
      {"crm.timeline.comment.add",
       R"({"fields":{"ENTITY_TYPE":"deal","ENTITY_ID":$,"COMMENT":"c"}})", "ACCESS_DENIED",
       "Access denied"},
      {"crm.activity.todo.add",
       R"({"ownerTypeId":2,"ownerId":$,"deadline":"2026-12-01T10:00:00+03:00"})", "ACCESS_DENIED",
       "Access denied"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.method);
    const auto asked = [&](std::int64_t deal) {
      std::string params = c.params;
      return call(c.method, params.replace(params.find('$'), 1, std::to_string(deal)));
    };
    std::int64_t deal = 0;
    std::string before;
    for (const std::int64_t id : portal_.ids(Entity::deal)) {
      before = asked(deal = id)["result"].dump();
      if (before != "[]" && before != R"({"productRows":[]})") break;
    }
    portal_.hide(Entity::deal, deal);
    const Json denied = asked(deal);
    EXPECT_FALSE(denied.contains("result"));
    EXPECT_EQ(denied["error"], c.error);
    EXPECT_EQ(denied["error_description"], c.text);
    portal_.show(Entity::deal, deal);
    const Json again = asked(deal);
    ASSERT_TRUE(again.contains("result"));
    if (std::string_view{c.method}.ends_with(".list")) {
      EXPECT_EQ(again["result"].dump(), before);
    }
  }
}

TEST_F(TradeMethodsTest, OrdersOfADeletedDealAreNobodys) {
  std::map<std::int64_t, std::size_t> orders;  // by deal
  for (const Json& link : rows(Entity::order_link)) {
    if (link["ownerTypeId"] == 2) ++orders[link["ownerId"]];
  }
  ASSERT_FALSE(orders.empty());
  const auto [deal, bonds] = *orders.rbegin();
  const std::size_t payments = portal_.count(Entity::payment);
  const std::size_t links = portal_.count(Entity::order_link);
  ASSERT_TRUE(goods(deal).contains("result"));
  call("crm.item.delete", fmt::format(R"({{"entityTypeId":2,"id":{}}})", deal));
  EXPECT_EQ(goods(deal)["error"], "ACCESS_DENIED") << "as if it were hidden";
  EXPECT_EQ(portal_.count(Entity::order_link), links - bonds);
  EXPECT_EQ(portal_.count(Entity::payment), payments) << "documents of the shop";
}

}  // namespace
}  // namespace b24::sim
