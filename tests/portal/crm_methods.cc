#include <nlohmann/json.hpp>

#include "tests/portal/list.h"
#include "tests/portal/tables.h"

// crm.item.*, crm.category.list, crm.status.list, crm.stagehistory.list, and what is posted into
// cards (portal docs: crm/universal/, crm/status/, crm-stage-history-list.md, crm/timeline/).

namespace b24::sim {
namespace {

constexpr int kDealType = 2;

std::optional<Outcome> refuse_type(const Json& params) {
  const Json& type = param(params, "entityTypeId");
  if (to_int(type) == kDealType) return std::nullopt;
  if (to_int(type) == 1 || to_int(type) == 5) {
    return fail(400, "ENTITY_TYPE_NOT_SUPPORTED", "Entity type is not supported");
  }
  return fail(400, "NOT_FOUND", "Smart process not found");
}

bool mine(const Call& call, const Deal& deal) {
  return call.as_admin || deal.manager == call.world.owner;
}

void write_deal(std::string& out, const World& world, const Deal& deal) {
  Scratch scratch{world, {}};
  out += '{';
  write_fields(out, deal, read_select<Deal>(Json(), deal_fields()), scratch, nullptr);
  out += '}';
}

Outcome one_deal(const World& world, const Deal& deal) {
  std::string out = R"({"item":)";
  write_deal(out, world, deal);
  return ok(out + '}');
}

Outcome item_list(Call& call) {
  if (auto refused = refuse_type(call.params)) return std::move(*refused);
  const seconds offset = call.world.options.offset;
  std::string unknown;
  ListQuery<Deal> query;
  query.filter =
      read_filter(param(call.params, "filter"), deal_fields(), kCrmOperators, offset, unknown);
  if (!unknown.empty()) {
    return fail(400, "INVALID_ARG_VALUE",
                "Invalid filter: field '" + unknown + "' is not allowed in filter");
  }
  query.order = read_order(param(call.params, "order"), deal_fields(), unknown);
  if (!unknown.empty()) {
    return fail(400, "INVALID_ARG_VALUE",
                "Invalid order: field '" + unknown + "' is not allowed in order");
  }
  query.select = read_select(param(call.params, "select"), deal_fields());
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto found = find_rows<Deal>(call.world, call.world.data.deals, query,
                                     [&](const Deal& d) { return mine(call, d); });
  Outcome outcome;
  outcome.result = R"({"items":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const Deal&) {});
  outcome.result += '}';
  set_paging(outcome, query, found);
  return outcome;
}

Outcome not_found() { return fail(400, "NOT_FOUND", "Element not found"); }

Outcome item_get(Call& call) {
  if (auto refused = refuse_type(call.params)) return std::move(*refused);
  const Deal* deal = find_row(call.world.data.deals, to_int(param(call.params, "id")));
  if (deal == nullptr) return not_found();
  if (!mine(call, *deal)) return fail(400, "ACCESS_DENIED", "Access denied");
  return one_deal(call.world, *deal);
}

// Writes the given fields into the deal; says which stage it shall stand in afterwards.
std::int32_t apply_deal(const World& world, Deal& deal, const Json& fields) {
  const seconds offset = world.options.offset;
  std::int32_t stage = deal.stage;
  for (const auto& [name, value] : fields.items()) {
    const auto number = static_cast<std::int32_t>(to_int(value));
    const auto date = [&] { return to_time(to_text(value).substr(0, 10), seconds{0}).value_or(0); };
    if (name == "title") deal.title = to_text(value);
    if (name == "comments") deal.comments = to_text(value);
    if (name == "currencyId") deal.currency = to_text(value);
    if (name == "sourceId") deal.source = to_text(value);
    if (name == "typeId") deal.type = to_text(value);
    if (name == "opportunity") deal.amount = to_real(value);
    if (name == "assignedById") deal.manager = number;
    if (name == "companyId") deal.company = number;
    if (name == "contactId") deal.contact = number;
    if (name == "leadId") deal.lead = number;
    if (name == "probability") deal.probability = number;
    if (name == "isRecurring") deal.recurring = to_flag(value);
    if (name == "begindate") deal.begin_date = date();
    if (name == "closedate") deal.close_date = date();
    if (name == "stageId") stage = world.stage_index(to_text(value)).value_or(stage);
    // What only an import may set; tests use it to make old deals.
    const auto time = to_time(to_text(value), offset);
    if (name == "createdTime" && time) deal.created = *time;
    if (name == "movedTime" && time) deal.moved = *time;
  }
  return stage;
}

Outcome item_add(Call& call) {
  if (auto refused = refuse_type(call.params)) return std::move(*refused);
  const Json& fields = param(call.params, "fields");
  Deal deal;
  deal.pipeline = static_cast<std::int32_t>(
      fields.is_object() && fields.contains("categoryId") ? to_int(fields["categoryId"]) : 0);
  deal.stage = call.world.first_stage(deal.pipeline);
  deal.manager = static_cast<std::int32_t>(call.world.owner);
  if (fields.is_object()) {
    deal.stage = apply_deal(call.world, deal, fields);
    deal.pipeline = static_cast<std::int32_t>(call.world.stage(deal).pipeline);
  }
  Deal& added = call.world.add_deal(std::move(deal), call.world.owner);
  if (added.title.empty()) added.title = "Сделка #" + std::to_string(added.id);
  if (fields.is_object()) apply_deal(call.world, added, fields);
  return one_deal(call.world, added);
}

Outcome item_update(Call& call) {
  if (auto refused = refuse_type(call.params)) return std::move(*refused);
  Deal* deal = find_row(call.world.data.deals, to_int(param(call.params, "id")));
  if (deal == nullptr) return not_found();
  if (!mine(call, *deal)) return fail(400, "ACCESS_DENIED", "Access denied");
  const Json& fields = param(call.params, "fields");
  const std::int32_t before = deal->stage;
  const std::int32_t stage = fields.is_object() ? apply_deal(call.world, *deal, fields) : before;
  if (stage != before) {
    call.world.move_deal(*deal, stage, call.world.owner);
    apply_deal(call.world, *deal, fields);
  } else {
    call.world.touch_deal(*deal, call.world.owner);
  }
  return one_deal(call.world, *deal);
}

Outcome item_delete(Call& call) {
  if (auto refused = refuse_type(call.params)) return std::move(*refused);
  const Id id = to_int(param(call.params, "id"));
  const Deal* deal = find_row(call.world.data.deals, id);
  if (deal == nullptr) return not_found();
  if (!mine(call, *deal)) return fail(400, "ACCESS_DENIED", "Access denied");
  call.world.delete_deal(id);
  return ok("[]");
}

Outcome category_list(Call& call) {
  if (auto refused = refuse_type(call.params)) return std::move(*refused);
  std::string out = R"({"categories":[)";
  for (const Pipeline& pipeline : call.world.data.pipelines) {
    comma(out);
    out += R"({"id":)" + std::to_string(pipeline.id) + R"(,"name":)" + quote(pipeline.name) +
           R"(,"sort":)" + std::to_string(pipeline.sort) + R"(,"entityTypeId":2,"isDefault":)" +
           (pipeline.id == 0 ? R"("Y"})" : R"("N","originId":"","originatorId":""})");
  }
  Outcome outcome = ok(out + "]}");
  outcome.total = static_cast<std::int64_t>(call.world.data.pipelines.size());
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

Outcome stage_history(Call& call) {
  if (to_int(param(call.params, "entityTypeId")) != kDealType) {
    return fail_numeric("entity is not supported");
  }
  std::string unknown;
  ListQuery<StageMove> query;
  query.filter = read_filter(param(call.params, "filter"), move_fields(), kCrmOperators,
                             call.world.options.offset, unknown);
  query.order = read_order(param(call.params, "order"), move_fields(), unknown);
  if (!unknown.empty()) return fail_numeric("Unknown field " + unknown);
  query.select = read_select(param(call.params, "select"), move_fields());
  query.start = read_start(call.params);
  if (call.faults.ignore_id_filter) drop_id_conditions(query.filter);
  const auto found = find_rows<StageMove>(call.world, call.world.data.moves, query,
                                          [](const StageMove&) { return true; });
  Outcome outcome;
  outcome.result = R"({"items":)";
  write_rows(outcome.result, call.world, found, query.select, call.faults,
             [](std::string&, const StageMove&) {});
  outcome.result += '}';
  set_paging(outcome, query, found);
  return outcome;
}

Outcome post_to_card(Call& call, const std::string& kind, Id deal, const std::string& text) {
  Deal* card = find_row(call.world.data.deals, deal);
  if (card == nullptr) return fail(400, "NOT_FOUND", "Not found.");
  const Id id = call.world.new_id();
  call.world.messages.push_back(
      {id, kind, "deal:" + std::to_string(deal), text, from_unix(call.world.now()), 0});
  card->last_activity = call.world.now();
  card->last_activity_by = static_cast<std::int32_t>(call.world.owner);
  return ok(std::to_string(id));
}

Outcome comment_add(Call& call) {
  const Json& fields = param(call.params, "fields");
  if (to_text(param(fields, "ENTITY_TYPE")) != "deal") {
    return fail(400, "NOT_FOUND", "Not found.");
  }
  return post_to_card(call, "timeline_comment", to_int(param(fields, "ENTITY_ID")),
                      to_text(param(fields, "COMMENT")));
}

Outcome todo_add(Call& call) {
  if (to_int(param(call.params, "ownerTypeId")) != kDealType) {
    return fail(400, "NOT_FOUND", "Not found.");
  }
  if (param(call.params, "deadline").is_null()) {
    return fail(400, "100", "Could not find value for parameter {deadline}");
  }
  Outcome outcome = post_to_card(call, "todo", to_int(param(call.params, "ownerId")),
                                 to_text(param(call.params, "title")));
  if (!outcome.problem) outcome.result = R"({"id":)" + outcome.result + '}';
  return outcome;
}

constexpr Method kCrmMethods[] = {
    {"crm.item.list", "crm", Cost::page, item_list},
    {"crm.item.get", "crm", Cost::call, item_get},
    {"crm.item.add", "crm", Cost::call, item_add},
    {"crm.item.update", "crm", Cost::call, item_update},
    {"crm.item.delete", "crm", Cost::call, item_delete},
    {"crm.category.list", "crm", Cost::call, category_list},
    {"crm.status.list", "crm", Cost::call, status_list},
    {"crm.stagehistory.list", "crm", Cost::page, stage_history},
    {"crm.timeline.comment.add", "crm", Cost::call, comment_add},
    {"crm.activity.todo.add", "crm", Cost::call, todo_add},
};

}  // namespace

std::span<const Method> crm_methods() { return kCrmMethods; }

}  // namespace b24::sim
