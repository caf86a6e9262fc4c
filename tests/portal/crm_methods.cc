#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// crm.category.list, crm.status.list, crm.stagehistory.list, crm.currency.list, the portal's mode,
// and comments in cards (portal docs: crm/universal/category/, crm/status/,
// crm-stage-history-list.md, crm/currency/, crm-settings-mode-get.md, crm/timeline/).

namespace b24::sim {
namespace {

void write_category(std::string& out, const Pipeline& pipeline, Id type, bool is_default) {
  comma(out);
  out += fmt::format(R"({{"id":{},"name":{},"sort":{},"entityTypeId":{},"isDefault":)", pipeline.id,
                     quote(pipeline.name), pipeline.sort, type);
  out += is_default ? R"("Y"})" : R"("N","originId":"","originatorId":""})";
}

// The first one is the default; clients have but that one.
Outcome category_list(Call& call) {
  static const std::vector<Pipeline> kOnlyDefault = {{0, "Общая", 500}};
  const Id type = to_int(param(call.params, "entityTypeId"));
  const Data& data = call.world.data;
  const std::vector<Pipeline>* pipelines = nullptr;
  if (type == kDealType) pipelines = &data.pipelines;
  if (type == kInvoiceType) pipelines = &data.invoice_pipelines;
  if (type == kContactType || type == kCompanyType) pipelines = &kOnlyDefault;
  if (type == kLeadType || type == kQuoteType || type == kOldInvoiceType) {
    return fail(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported");
  }
  if (pipelines == nullptr) return fail(400, "NOT_FOUND", "Smart process not found");
  std::string out = R"({"categories":[)";
  for (const Pipeline& pipeline : *pipelines) {
    write_category(out, pipeline, type, &pipeline == &pipelines->front());
  }
  Outcome outcome = ok(out + "]}");
  outcome.total = static_cast<std::int64_t>(pipelines->size());
  return outcome;
}

// Directories are short: everything comes at once.
Outcome status_list(Call& call) {
  std::string unknown;
  const Filter<Status> filter = read_filter(param(call.params, "filter"), status_fields(),
                                            kCrmOperators, seconds{0}, unknown);
  const auto order = read_order(param(call.params, "order"), status_fields(), unknown);
  if (!unknown.empty()) return fail(400, "Invalid parameters.", "Incorrect parameters passed.");
  Found<Status> found;
  Scratch scratch{call.world, {}};
  for (const Status& status : call.world.data.statuses) {
    if (filter.match(status, scratch)) found.rows.push_back(&status);
  }
  if (!order.empty()) sort_rows(found.rows, order, call.world);
  Outcome outcome;
  write_rows(outcome.result, call.world, found, read_select<Status>(Json(), status_fields()),
             call.faults, [](std::string&, const Status&) {});
  outcome.total = static_cast<std::int64_t>(found.rows.size());
  return outcome;
}

// Of a kind's history, who is no administrator sees that of his own cards.
template <class Row>
Outcome list_moves(Call& call, const std::vector<StageMove>& moves,
                   std::span<const Field<StageMove>> fields) {
  std::string unknown;
  ListQuery<StageMove> query;
  query.filter = read_filter(param(call.params, "filter"), fields, kCrmOperators,
                             call.world.options.offset, unknown);
  query.order = read_order(param(call.params, "order"), fields, unknown);
  if (!unknown.empty()) {
    return fail(400, "INVALID_ARG_VALUE",
                "Invalid filter: field '" + unknown + "' is not allowed in filter");
  }
  query.select = read_select(param(call.params, "select"), fields);
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto mine = [&](const StageMove& move) {
    if (call.world.hides(Kind<Row>::entity, move.owner)) return false;
    if (call.as_admin) return true;
    const Row* card = call.world.card<Row>(move.owner);
    return card != nullptr && card->manager == call.world.owner;
  };
  const auto found = find_rows<StageMove>(call.world, moves, query, mine);
  Outcome outcome;
  outcome.result = R"({"items":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const StageMove&) {});
  outcome.result += '}';
  set_paging(outcome, query, found);
  return outcome;
}

Outcome stage_history(Call& call) {
  const Data& data = call.world.data;
  switch (to_int(param(call.params, "entityTypeId"))) {
    case kLeadType:
      return list_moves<Lead>(call, data.lead_moves, lead_move_fields());
    case kDealType:
      return list_moves<Deal>(call, data.deal_moves, move_fields());
    case kInvoiceType:
      return list_moves<Invoice>(call, data.invoice_moves, move_fields());
    case kQuoteType:
      return fail_numeric("QUOTE entity is not supported");
    default:
      return fail_numeric("entity is not supported");
  }
}

// For those who may see the settings of the CRM; here these are administrators.
Outcome currency_list(Call& call) {
  if (!call.as_admin) return fail(400, "", "Access denied.");
  std::vector<const Currency*> rows;
  for (const Currency& currency : call.world.data.currencies) rows.push_back(&currency);
  const Json& order = param(call.params, "order");
  const auto by = order.is_object() && !order.empty() ? order.begin().key() : std::string{};
  const bool down = order.is_object() && !order.empty() && to_text(*order.begin()) == "desc";
  std::stable_sort(rows.begin(), rows.end(), [&](const Currency* a, const Currency* b) {
    if (down) std::swap(a, b);
    return by == "currency" ? a->code < b->code : by == "sort" && a->sort < b->sort;
  });
  std::string out = "[";
  for (const Currency* row : rows) {
    comma(out);
    out += fmt::format(R"({{"CURRENCY":"{}","AMOUNT_CNT":"{}","AMOUNT":"{}.{:04}","SORT":"{}",)"
                       R"("BASE":"{}","FULL_NAME":{},"LID":"ru","FORMAT_STRING":{},)"
                       R"("DEC_POINT":".","THOUSANDS_SEP":"&nbsp;","DECIMALS":"2","DATE_UPDATE":)",
                       row->code, row->nominal, row->rate / 10'000, row->rate % 10'000, row->sort,
                       row->base ? "Y" : "N", quote(row->name), quote(row->format));
    time_text(out, row->updated, call.world.options.offset);
    out += '}';
  }
  Outcome outcome = ok(out + ']');
  outcome.total = 0;  // whatever the number
  return outcome;
}

// Of the fields: the rate, the nominal, the place in the list, and which one is the base.
Outcome currency_update(Call& call) {
  if (!call.as_admin) return fail(400, "", "Access denied.");
  auto& all = call.world.data.currencies;
  const std::string code = to_text(param(call.params, "ID"));
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Currency& c) { return c.code == code; });
  if (found == all.end()) return fail(400, "", "Currency is not found.");
  const Json& fields = param(call.params, "fields");
  const Json& rate = param(fields, "AMOUNT");
  if (!rate.is_null()) found->rate = std::llround(std::stod(to_text(rate)) * 10'000);
  const Json& nominal = param(fields, "AMOUNT_CNT");
  if (!nominal.is_null()) found->nominal = to_int(nominal);
  const Json& sort = param(fields, "SORT");
  if (!sort.is_null()) found->sort = static_cast<int>(to_int(sort));
  if (to_text(param(fields, "BASE")) == "Y") {
    for (Currency& currency : all) currency.base = currency.code == code;
    found->rate = 10'000;
    found->nominal = 1;
  }
  found->updated = call.world.now();
  return ok("true");
}

Outcome currency_add(Call& call) {
  if (!call.as_admin) return fail(400, "", "Access denied.");
  const Json& fields = param(call.params, "fields");
  Currency currency;
  currency.code = currency.name = to_text(param(fields, "CURRENCY"));
  currency.id = currency_id(currency.code);
  currency.format = "#";
  currency.rate = std::llround(std::stod(to_text(param(fields, "AMOUNT"))) * 10'000);
  currency.nominal = to_int(param(fields, "AMOUNT_CNT"));
  currency.updated = call.world.now();
  call.world.data.currencies.push_back(currency);
  return ok(quote(currency.code));
}

Outcome currency_delete(Call& call) {
  if (!call.as_admin) return fail(400, "", "Access denied.");
  const std::string code = to_text(param(call.params, "id"));
  const auto gone =
      std::erase_if(call.world.data.currencies, [&](const Currency& c) { return c.code == code; });
  return gone == 0 ? fail(400, "", "Currency is not found.") : ok("true");
}

Outcome mode(Call& call) {
  return ok(std::to_string(static_cast<int>(call.world.options.leads_mode)));
}

Outcome comment_add(Call& call) {
  const Json& fields = param(call.params, "fields");
  const std::string word = to_text(param(fields, "ENTITY_TYPE"));
  const Id id = to_int(param(fields, "ENTITY_ID"));
  World& world = call.world;
  Outcome outcome = fail(400, "NOT_FOUND", "Not found.");
  for_each_kind([&](auto kind) {
    using Row = typename decltype(kind)::Row;
    if (kind.word != word || world.card<Row>(id) == nullptr) return;
    if (!sees_card(call, kind.type, id)) {
      outcome = fail(400, "ACCESS_DENIED", "Access denied");
      return;
    }
    Comment comment;
    comment.owner_type = kind.type;
    comment.owner = short_id(id);
    comment.author = short_id(world.owner);
    comment.text = to_text(param(fields, "COMMENT"));
    const Id message = world.add_comment(comment).id;
    world.messages.push_back({message, "timeline_comment", fmt::format("{}:{}", word, id),
                              comment.text, from_unix(world.now()), 0});
    outcome = ok(std::to_string(message));
  });
  return outcome;
}

// Of one card, named by two fields of the filter; other fields are not looked at.
Outcome comment_list(Call& call) {
  const Json& filter = param(call.params, "filter");
  const std::string word = to_text(param(filter, "ENTITY_TYPE"));
  const Id id = to_int(param(filter, "ENTITY_ID"));
  std::int32_t type = 0;
  for_each_kind([&](auto kind) {
    if (kind.word == word) type = kind.type;
  });
  if (!sees_card(call, type, id)) return fail(400, "", "Access denied.");
  std::string unknown;
  ListQuery<Comment> query;
  query.order = read_order(param(call.params, "order"), comment_fields(), unknown);
  query.select = read_select(param(call.params, "select"), comment_fields());
  query.start = read_start(call.params);
  const auto found = find_rows<Comment>(
      call.world, call.world.data.comments, query,
      [&](const Comment& comment) { return comment.owner_type == type && comment.owner == id; });
  Outcome outcome;
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const Comment&) {});
  set_paging(outcome, query, found);
  return outcome;
}

constexpr Method kCrmMethods[] = {
    {"crm.category.list", "crm", Cost::call, category_list},
    {"crm.status.list", "crm", Cost::call, status_list},
    {"crm.stagehistory.list", "crm", Cost::page, stage_history},
    {"crm.currency.list", "crm", Cost::call, currency_list},
    {"crm.currency.add", "crm", Cost::call, currency_add},
    {"crm.currency.update", "crm", Cost::call, currency_update},
    {"crm.currency.delete", "crm", Cost::call, currency_delete},
    {"crm.settings.mode.get", "crm", Cost::call, mode},
    {"crm.timeline.comment.add", "crm", Cost::call, comment_add},
    {"crm.timeline.comment.list", "crm", Cost::page, comment_list},
};

}  // namespace

std::span<const Method> crm_methods() { return kCrmMethods; }

}  // namespace b24::sim
