#include "daemon/store/details.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "daemon/store/mirror_table.h"
#include "daemon/store/rows.h"
#include "daemon/store/writer.h"

// What belongs to the objects of the mirror and is asked for one by one: rows, wishes, states.

namespace b24 {
namespace {

constexpr const char* kWish =
    "INSERT INTO wanted_details (detail, closed, owner_id) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
constexpr const char* kWishGranted =
    "DELETE FROM wanted_details WHERE detail = ? AND closed IN (0, 1) AND owner_id = ?";
constexpr const char* kSaveState =
    "UPDATE details SET full_done = ?, refused = ?, problem = ? WHERE detail = ?";
constexpr const char* kStates = "SELECT detail, full_done, refused, problem FROM details";
// The views give an activity's owner by itself.
constexpr const char* kOwnLink =
    "DELETE FROM activity_links WHERE activity_id = ?1 AND (crm_type, crm_id) = "
    "(SELECT owner_type_id, owner_id FROM activities WHERE id = ?1)";

// Objects among which some are dealt for a comparison.
constexpr std::int64_t kNewestOwners = 20'000;

std::string key_of(const DetailSpec& spec) {
  return std::string(spec.key_column.empty() ? "id" : spec.key_column);
}

std::string insert_sql(const DetailSpec& spec) {
  std::string columns = fmt::format("{}, {}", spec.owner_column, spec.id_column);
  std::string places = "?, ?";
  for (const Field& field : spec.rows.fields) {
    columns += fmt::format(", {}", field.column);
    places += ", ?";
  }
  return fmt::format("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
                     table_of(spec.detail), columns, places);
}

}  // namespace

std::string table_of(Detail detail) { return fmt::format("{}s", name(detail)); }

std::optional<Detail> detail_of_table(std::string_view table) {
  const auto* const found =
      std::ranges::find_if(kDetails, [&](Detail detail) { return table_of(detail) == table; });
  return found == std::end(kDetails) ? std::nullopt : std::optional(*found);
}

DetailWishes::DetailWishes(Connection& connection, const EntitySpec& owner)
    : connection_(connection), changed_(change_time_index(owner)) {
  for (const DetailSpec& detail : detail_specs()) {
    if (detail.owner != owner.entity) continue;
    wishes_.push_back(
        {&detail, index_of(owner, detail.closed_column), index_of(owner, detail.only_column)});
  }
}

bool DetailWishes::is_wanted(const Wish& wish, const Record& record, bool open,
                             Time seen_at) const {
  if (wish.only && as_text(record.values[*wish.only]) != wish.detail->only_text) return false;
  if (open || !changed_) return true;
  const auto changed_at = as_integer(record.values[*changed_]);
  return !changed_at || from_unix(*changed_at) >= seen_at - wish.detail->worth_asking;
}

void DetailWishes::add(const Record& record, Time seen_at) {
  for (const Wish& wish : wishes_) {
    const bool open = wish.closed && as_integer(record.values[*wish.closed]) == 0;
    if (!is_wanted(wish, record, open, seen_at)) continue;
    connection_.run(kWish, name(wish.detail->detail), open ? 0 : 1, record.id).exec();
  }
}

void DetailWishes::remove(std::int64_t owner_id) {
  for (const Wish& wish : wishes_) {
    connection_.run(kWishGranted, name(wish.detail->detail), owner_id).exec();
  }
}

void Writer::save_details(std::span<const DetailRows> details) {
  Connection& connection = impl_->connection;
  for (const DetailRows& of_one : details) {
    const DetailSpec& s = spec(of_one.detail);
    const std::string table = table_of(of_one.detail);
    connection.run(kWishGranted, name(of_one.detail), of_one.owner_id).exec();
    connection
        .run(fmt::format("DELETE FROM {} WHERE {} = ?", table, s.owner_column), of_one.owner_id)
        .exec();
    const bool has_owner =
        connection
            .run(fmt::format("SELECT 1 FROM {} WHERE id = ?", table_of(s.owner)), of_one.owner_id)
            .next();
    if (!has_owner) continue;  // the mirror was cleared meanwhile
    auto& insert = connection.statement(insert_sql(s));
    for (const Record& record : of_one.records) {
      Run run{connection, insert, of_one.owner_id, record.id};
      for (const Value& value : record.values) run.bind(value);
      run.exec();
    }
    if (of_one.detail == Detail::activity_link) connection.run(kOwnLink, of_one.owner_id).exec();
  }
}

void Writer::save_detail(const DetailState& state) {
  impl_->connection
      .run(kSaveState, state.full_done, state.refused, state.problem, name(state.detail))
      .exec();
}

std::vector<DetailState> read_details(Connection& connection) {
  std::vector<DetailState> states;
  for (const Detail detail : kDetails) states.push_back({.detail = detail});
  for (Run run = connection.run(kStates); run.next();) {
    const auto found =
        std::ranges::find(states, detail_named(run.text(0)),
                          [](const DetailState& s) { return std::optional(s.detail); });
    if (found == states.end()) continue;
    found->full_done = run.integer(1) != 0;
    found->refused = run.integer(2) != 0;
    found->problem = run.text(3);
  }
  return states;
}

std::vector<DetailAsk> read_wanted_details(Connection& connection, Detail detail,
                                           std::int64_t most) {
  const DetailSpec& s = spec(detail);
  const std::string sql = fmt::format(
      "SELECT m.id, m.{} FROM wanted_details AS w CROSS JOIN {} AS m ON m.id = w.owner_id "
      "WHERE w.detail = ? AND w.closed = ? AND m.deleted_at IS NULL AND m.{} IS NOT NULL "
      "ORDER BY w.owner_id DESC LIMIT ?",
      key_of(s), table_of(s.owner), key_of(s));
  std::vector<DetailAsk> asks;
  for (const int closed : {0, 1}) {
    const std::int64_t room = most - static_cast<std::int64_t>(asks.size());
    for (Run run = connection.run(sql, name(detail), closed, room); run.next();) {
      asks.push_back({detail, run.integer(0), run.integer(1)});
    }
  }
  return asks;
}

std::vector<DetailAsk> read_open_owners(Connection& connection, Detail detail, std::int64_t most) {
  const DetailSpec& s = spec(detail);
  const std::string only =
      s.only_column.empty() ? "?1 = ?1" : fmt::format("{} = ?1", s.only_column);
  Run run = connection.run(
      fmt::format("SELECT id, {0} FROM {1} WHERE {2} AND {3} = 0 AND deleted_at IS NULL "
                  "AND {0} IS NOT NULL ORDER BY id DESC LIMIT ?2",
                  key_of(s), table_of(s.owner), only, s.closed_column),
      s.only_text, most);
  std::vector<DetailAsk> asks;
  while (run.next()) asks.push_back({detail, run.integer(0), run.integer(1)});
  return asks;
}

std::vector<DetailAsk> read_detail_owners(Connection& connection, Detail detail, Time now) {
  const DetailSpec& s = spec(detail);
  const EntitySpec& owner = spec(s.owner);
  std::string condition = fmt::format("m.deleted_at IS NULL AND m.{} IS NOT NULL", key_of(s));
  if (!s.only_column.empty()) {
    condition += fmt::format(" AND m.{} = '{}'", s.only_column, s.only_text);
  }
  if (const auto changed = change_time_index(owner)) {
    const std::string open =
        s.closed_column.empty() ? "" : fmt::format("m.{} = 0 OR ", s.closed_column);
    condition += fmt::format(" AND ({}m.{} >= {})", open, owner.fields[*changed].column,
                             to_unix(now - s.worth_asking));
  }
  Run run = connection.run(
      fmt::format("SELECT m.id, m.{} FROM (SELECT * FROM {} ORDER BY id DESC LIMIT {}) AS m "
                  "WHERE {} AND NOT EXISTS (SELECT 1 FROM wanted_details AS w "
                  "WHERE w.detail = ? AND w.closed IN (0, 1) AND w.owner_id = m.id)",
                  key_of(s), table_of(s.owner), kNewestOwners, condition),
      name(detail));
  std::vector<DetailAsk> asks;
  while (run.next()) asks.push_back({detail, run.integer(0), run.integer(1)});
  return asks;
}

std::map<Detail, std::int64_t> read_waiting_details(Connection& connection) {
  std::map<Detail, std::int64_t> waiting;
  Run run =
      connection.run("SELECT detail, count(DISTINCT owner_id) FROM wanted_details GROUP BY detail");
  while (run.next()) {
    if (const auto detail = detail_named(run.text(0))) waiting[*detail] = run.integer(1);
  }
  return waiting;
}

}  // namespace b24
