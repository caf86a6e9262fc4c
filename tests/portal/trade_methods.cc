#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// Goods of cards, orders of the shop and their payments (portal docs:
// crm/universal/product-rows/, crm/universal/order-entity/, crm/universal/payment/, sale/payment/).

namespace b24::sim {
namespace {

// --- goods ---

// Of those that may have goods; 0 for all others.
Id type_of_code(const std::string& code) {
  constexpr std::pair<std::string_view, Id> kOwnerCodes[] = {
      {"L", kLeadType}, {"D", kDealType}, {"Q", kQuoteType}, {"SI", kInvoiceType}};
  for (const auto& [known, type] : kOwnerCodes) {
    if (code == known) return type;
  }
  return 0;
}

Outcome wrong_value(std::string_view key) {
  return fail(400, "INVALID_ARG_VALUE", fmt::format("Invalid value of filter key '{}'", key));
}

// Conditions on `id` and `productId` count, all others are ignored in silence. A list of values
// belongs to "@id" alone: with a comparison it is refused, in other keys ignored. Assumption: "="
// is a comparison, also in the keys of the owner; the page names none.
Outcome product_rows(Call& call) {
  const Json& given = param(call.params, "filter");
  if (!given.is_object() || !given.contains("=ownerType") || !given.contains("=ownerId")) {
    return fail(400, "REQUIRED_ARG_MISSING", "Required filter fields: '=ownerType', '=ownerId'");
  }
  Json filter = Json::object();
  for (const auto& [name, value] : given.items()) {
    const bool list = value.is_structured();
    if (list && (name == "=ownerType" || name == "=ownerId")) return wrong_value(name);
    const auto split = split_key(name, ">= <= != = > < @");
    if (!split || (split->field != "id" && split->field != "productId")) continue;
    const bool compares = split->op != Op::in && name != split->field;
    if (list && compares) return wrong_value(name);
    if (!list || name == "@id") filter[name] = value;
  }
  const Id type = type_of_code(to_text(given["=ownerType"]));
  const Id owner = to_int(given["=ownerId"]);
  if (!sees_card(call, type, owner)) return fail(400, "ACCESS_DENIED", "Access denied");
  Json order = Json::object();
  for (const auto& [name, way] : param(call.params, "order").items()) {
    if (name == "id" || name == "sort") order[name] = way;
  }
  if (order.empty()) order["sort"] = "asc";
  std::string unknown;
  ListQuery<ProductRow> query;
  query.filter = read_filter(filter, product_row_fields(), kCrmOperators, seconds{0}, unknown);
  query.order = read_order(order, product_row_fields(), unknown);
  query.select = read_select<ProductRow>(Json(), product_row_fields());
  query.start = read_start(call.params);
  static const std::vector<ProductRow> kNone;
  const auto& all = call.world.data.deal_products;
  const auto rows = type == kDealType ? all.find(owner) : all.end();
  const auto found = find_rows<ProductRow>(call.world, rows == all.end() ? kNone : rows->second,
                                           query, [](const ProductRow&) { return true; });
  Outcome outcome;
  outcome.result = R"({"productRows":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const ProductRow&) {});
  outcome.result += '}';
  set_paging(outcome, query, found);
  if (query.start < 0) outcome.total.reset();
  return outcome;
}

// --- orders ---

Outcome shop_denied() { return fail(400, "200040300010", "Access Denied"); }

// By owner unless told; with start=-1 all of them come at once.
Outcome order_links(Call& call) {
  if (!call.as_admin) return shop_denied();
  std::string unknown;
  ListQuery<OrderLink> query;
  query.filter = read_filter(param(call.params, "filter"), order_link_fields(), kCrmOperators,
                             call.world.options.offset, unknown);
  query.order = read_order(param(call.params, "order"), order_link_fields(), unknown);
  if (query.order.empty()) {
    query.order = {{find_field(order_link_fields(), "ownerId")->get, false, false}};
  }
  query.select = read_select(param(call.params, "select"), order_link_fields());
  const std::int64_t start = read_start(call.params);
  Found<OrderLink> found;
  std::vector<const OrderLink*> all;
  Scratch scratch{call.world, {}};
  for (const OrderLink& link : call.world.data.order_links) {
    if (query.filter.match(link, scratch)) all.push_back(&link);
  }
  sort_rows(all, query.order, call.world);
  found.matches = static_cast<std::int64_t>(all.size());
  const std::size_t from =
      std::min<std::size_t>(static_cast<std::size_t>(std::max<std::int64_t>(start, 0)), all.size());
  const std::size_t to = start < 0 ? all.size() : std::min(from + kPage, all.size());
  found.rows.assign(all.begin() + static_cast<std::ptrdiff_t>(from),
                    all.begin() + static_cast<std::ptrdiff_t>(to));
  query.start = std::max<std::int64_t>(start, 0);
  Outcome outcome;
  outcome.result = R"({"orderEntity":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const OrderLink&) {});
  outcome.result += '}';
  set_paging(outcome, query, found);
  return outcome;
}

// --- payments ---

// What the filter names that no payment has is ignored, as in the documented example.
ListQuery<Payment> read_payment_query(Call& call, std::span<const Field<Payment>> shown) {
  std::string unknown;
  ListQuery<Payment> query;
  query.filter = read_filter(param(call.params, "filter"), payment_fields(), kCrmOperators,
                             call.world.options.offset, unknown);
  query.order = read_order(param(call.params, "order"), payment_fields(), unknown);
  query.select = read_select(param(call.params, "select"), shown);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  return query;
}

// Pages by offset are all the docs know: below zero is the beginning.
Outcome sale_payments(Call& call) {
  if (!call.as_admin) return shop_denied();
  ListQuery<Payment> query = read_payment_query(call, payment_fields());
  query.start = std::max<std::int64_t>(read_start(call.params), 0);
  const auto found = find_rows<Payment>(call.world, call.world.data.payments, query,
                                        [](const Payment&) { return true; });
  Outcome outcome;
  outcome.result = R"({"payments":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const Payment&) {});
  outcome.result += '}';
  set_paging(outcome, query, found);
  return outcome;
}

// Of one card, all at once; of what has no payments, none.
Outcome card_payments(Call& call) {
  for (const char* name : {"entityId", "entityTypeId"}) {
    if (!param(call.params, name).is_null()) continue;
    return fail(400, "100", fmt::format("Could not find value for parameter {{{}}}", name));
  }
  const Id type = to_int(param(call.params, "entityTypeId"));
  const Id id = to_int(param(call.params, "entityId"));
  if (!sees_card(call, type, id)) return fail_numeric("Insufficient permissions");
  std::set<Id> orders;
  for (const OrderLink& link : call.world.data.order_links) {
    if (link.owner_type == type && link.owner == id) orders.insert(link.id);
  }
  ListQuery<Payment> query = read_payment_query(call, short_payment_fields());
  query.select = read_select<Payment>(Json(), short_payment_fields());
  Found<Payment> found;
  Scratch scratch{call.world, {}};
  for (const Payment& payment : call.world.data.payments) {
    if (orders.contains(payment.order) && query.filter.match(payment, scratch)) {
      found.rows.push_back(&payment);
    }
  }
  if (!query.order.empty()) sort_rows(found.rows, query.order, call.world);
  Outcome outcome;
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const Payment&) {});
  return outcome;
}

constexpr Method kTradeMethods[] = {
    {"crm.item.productrow.list", "crm", Cost::page, product_rows},
    {"crm.orderentity.list", "crm", Cost::page, order_links},
    {"crm.item.payment.list", "crm", Cost::call, card_payments},
    {"sale.payment.list", "sale", Cost::page, sale_payments},
};

}  // namespace

std::span<const Method> trade_methods() { return kTradeMethods; }

}  // namespace b24::sim
