#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tests/portal/impl.h"
#include "tests/portal/list.h"
#include "tests/portal/tables.h"

namespace b24::sim {
namespace {

template <class Row>
std::string dump(const World& world, const std::vector<Row>& rows,
                 std::span<const Field<Row>> fields, std::optional<std::int64_t> id) {
  Selected<Row> select = read_select(Json(), fields);
  Scratch scratch{world, {}};
  std::string out = id ? "" : "[";
  for (const Row& row : rows) {
    if (id && row.id != *id) continue;
    comma(out);
    out += '{';
    write_fields(out, row, select, scratch, nullptr);
    out += '}';
  }
  return id ? out : out + ']';
}

// Lists that hide an empty field must be asked through the method itself.
std::string through_method(const World& world, std::string_view method, const char* params,
                           std::string_view inside, std::optional<std::int64_t> id,
                           std::string_view id_name) {
  const Json asked = Json::parse(params);
  Call call{const_cast<World&>(world), asked, {}, true};
  const Json result = Json::parse(find_method(method)->run(call).result);
  const Json& rows = inside.empty() ? result : result[std::string{inside}];
  if (!id) return rows.dump();
  for (const Json& row : rows) {
    if (to_int(row[std::string{id_name}]) == *id) return row.dump();
  }
  return "";
}

std::string currencies(const World& world, std::optional<std::int64_t> id) {
  std::string code;
  for (const Currency& currency : world.data.currencies) {
    if (currency.id == id) code = currency.code;
  }
  const std::string all = through_method(world, "crm.currency.list", "{}", "", {}, "");
  if (!id) return all;
  for (const Json& row : Json::parse(all)) {
    if (row["CURRENCY"] == code) return row.dump();
  }
  return "";
}

template <class Row>
std::vector<std::int64_t> ids_of(const std::vector<Row>& rows) {
  std::vector<std::int64_t> ids;
  ids.reserve(rows.size());
  for (const Row& row : rows) ids.push_back(row.id);
  return ids;
}

}  // namespace

std::string all_rows(const World& world, Entity entity, std::optional<std::int64_t> id) {
  switch (entity) {
    case Entity::user:
      return dump(world, world.data.users, user_fields(), id);
    case Entity::department:
      return through_method(world, "department.get", "{}", "", id, "ID");
    case Entity::pipeline:
      return through_method(world, "crm.category.list", R"({"entityTypeId":2})", "categories", id,
                            "id");
    case Entity::stage:
      return dump(world, world.data.statuses, status_fields(), id);
    case Entity::deal:
      return dump(world, world.data.deals, deal_fields(), id);
    case Entity::task:
      return dump(world, world.data.tasks, task_fields(), id);
    case Entity::call:
      return dump(world, world.data.calls, call_fields(), id);
    case Entity::lead:
      return dump(world, world.data.leads, lead_fields(), id);
    case Entity::quote:
      return dump(world, world.data.quotes, quote_fields(), id);
    case Entity::invoice:
      return dump(world, world.data.invoices, invoice_fields(), id);
    case Entity::contact:
      return dump(world, world.data.contacts, contact_fields(), id);
    case Entity::company:
      return dump(world, world.data.companies, company_fields(), id);
    case Entity::activity:
      return dump(world, world.data.activities, activity_fields(), id);
    case Entity::deal_move:
      return dump(world, world.data.deal_moves, move_fields(), id);
    case Entity::lead_move:
      return dump(world, world.data.lead_moves, lead_move_fields(), id);
    case Entity::invoice_move:
      return dump(world, world.data.invoice_moves, move_fields(), id);
    case Entity::currency:
      return currencies(world, id);
    case Entity::payment:
      return dump(world, world.data.payments, payment_fields(), id);
    case Entity::order_link:
      return dump(world, world.data.order_links, order_link_fields(), id);
  }
  return "[]";
}

std::vector<std::int64_t> all_ids(const World& world, Entity entity) {
  switch (entity) {
    case Entity::user:
      return ids_of(world.data.users);
    case Entity::department:
      return ids_of(world.data.departments);
    case Entity::pipeline:
      return ids_of(world.data.pipelines);
    case Entity::stage:
      return ids_of(world.data.statuses);
    case Entity::deal:
      return ids_of(world.data.deals);
    case Entity::task:
      return ids_of(world.data.tasks);
    case Entity::call:
      return ids_of(world.data.calls);
    case Entity::lead:
      return ids_of(world.data.leads);
    case Entity::quote:
      return ids_of(world.data.quotes);
    case Entity::invoice:
      return ids_of(world.data.invoices);
    case Entity::contact:
      return ids_of(world.data.contacts);
    case Entity::company:
      return ids_of(world.data.companies);
    case Entity::activity:
      return ids_of(world.data.activities);
    case Entity::deal_move:
      return ids_of(world.data.deal_moves);
    case Entity::lead_move:
      return ids_of(world.data.lead_moves);
    case Entity::invoice_move:
      return ids_of(world.data.invoice_moves);
    case Entity::currency:
      return ids_of(world.data.currencies);
    case Entity::payment:
      return ids_of(world.data.payments);
    case Entity::order_link:
      return ids_of(world.data.order_links);
  }
  return {};
}

}  // namespace b24::sim
