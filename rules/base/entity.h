#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// What the mirror is made of: kinds of objects, their ids, and one row of one kind.

namespace b24 {

enum class Entity : std::uint8_t {
  user,
  department,
  pipeline,
  stage,
  deal,
  task,
  call,
  lead,
  quote,
  invoice,  // the portal's "smart" ones, type 31
  contact,
  company,
  activity,
  deal_move,  // one line of the portal's own history of stages
  lead_move,
  invoice_move,
  currency,
  payment,
  order_link,  // to which object of the CRM an order of the shop belongs
};
inline constexpr Entity kEntities[] = {
    Entity::user,     Entity::department, Entity::pipeline,   Entity::stage,
    Entity::deal,     Entity::task,       Entity::call,       Entity::lead,
    Entity::quote,    Entity::invoice,    Entity::contact,    Entity::company,
    Entity::activity, Entity::deal_move,  Entity::lead_move,  Entity::invoice_move,
    Entity::currency, Entity::payment,    Entity::order_link,
};

// "user", "department", ...: the word in SQL, YAML, JSON and logs.
std::string_view name(Entity entity);
// "сделки", "deals": for people, in the language in force.
std::string_view list_name(Entity entity);
std::optional<Entity> entity_named(std::string_view word);

// One object of the portal, by its kind and id.
struct ObjectRef {
  Entity entity = Entity::deal;
  std::int64_t id = 0;

  auto operator<=>(const ObjectRef&) const = default;
};

// One value of SQLite's four: NULL, integer, real, text.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

// One object as the portal gave it. `values` stand in the order of the entity's columns
// (connectors/bitrix24/entities.h); `extra` is a JSON object of the fields we have no column for,
// or empty.
struct Record {
  std::int64_t id = 0;
  std::vector<Value> values;
  std::string extra;

  friend bool operator==(const Record&, const Record&) = default;
};

// A row that could not be understood: kept raw, counted and reported, never dropped in silence.
struct RejectedRow {
  Entity entity;
  std::string raw;
  std::string reason;
};

// What a query gives: named columns, rows of values.
struct Table {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;

  // The index of a column, or nothing.
  std::optional<std::size_t> column(std::string_view name) const;
};

// A value as an integer or real if it is one (NULL and text are not); as text in any case.
std::optional<std::int64_t> as_integer(const Value& value);
std::optional<double> as_number(const Value& value);
std::string as_text(const Value& value);

}  // namespace b24
