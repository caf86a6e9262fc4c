#include "daemon/store/details.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
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
constexpr const char* kNeeded = "SELECT detail FROM details WHERE needed = 1";
constexpr const char* kSetNeeded =
    "UPDATE details SET needed = ?1, full_done = 0 WHERE detail = ?2 AND needed <> ?1";
constexpr const char* kForgetWishes = "DELETE FROM wanted_details WHERE detail = ?";
constexpr const char* kSaveState =
    "UPDATE details SET full_done = ?, refused = ?, problem = ?, fresh_at = ? WHERE detail = ?";
constexpr const char* kStates =
    "SELECT detail, full_done, refused, problem, fresh_at, needed FROM details";
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

// "0" for a kind whose owners are never open.
std::string open_sql(const DetailSpec& spec) {
  return spec.closed_column.empty() ? "0" : fmt::format("{} = 0", spec.closed_column);
}

std::string only_sql(const DetailSpec& spec) {
  return spec.only_column.empty() ? "?2 = ?2" : fmt::format("{} = ?2", spec.only_column);
}

// Wishes for the owners of which `which` holds.
std::string wish_all_sql(const DetailSpec& spec, std::string_view which) {
  return fmt::format(
      "INSERT INTO wanted_details (detail, closed, owner_id) "
      "SELECT ?1, iif({}, 0, 1), id FROM {} WHERE deleted_at IS NULL AND {} IS NOT NULL AND {} "
      "AND ({}) ON CONFLICT DO NOTHING",
      open_sql(spec), table_of(spec.owner), key_of(spec), only_sql(spec), which);
}

// A card that is paid need not change: open ones, those closed of late, and those of which a part
// is known to be unpaid.
std::string may_be_paid_sql(const DetailSpec& spec) {
  return fmt::format("{} OR moved_at >= ?3 OR id IN (SELECT {} FROM {} WHERE paid IS NOT 1)",
                     open_sql(spec), spec.owner_column, table_of(spec.detail));
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
    wishes_.push_back({&detail, index_of(owner, detail.key_column),
                       index_of(owner, detail.closed_column), index_of(owner, detail.only_column)});
  }
}

void DetailWishes::renew() {
  const bool any_lazy =
      std::ranges::any_of(wishes_, [](const Wish& wish) { return wish.detail->lazy; });
  if (!any_lazy) return;
  std::set<Detail> needed;
  for (Run run = connection_.run(kNeeded); run.next();) {
    if (const auto detail = detail_named(run.text(0))) needed.insert(*detail);
  }
  for (Wish& wish : wishes_) {
    wish.needed = !wish.detail->lazy || needed.contains(wish.detail->detail);
  }
}

bool DetailWishes::is_wanted(const Wish& wish, const Record& record, bool open,
                             Time seen_at) const {
  if (!wish.needed) return false;
  if (wish.key && !as_integer(record.values[*wish.key])) return false;  // nothing to ask by
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

void Writer::need_details(const std::set<Detail>& needed, Time now) {
  Connection& connection = impl_->connection;
  for (const DetailSpec& s : detail_specs()) {
    const bool is_needed = needed.contains(s.detail);
    if (!s.lazy || connection.run(kSetNeeded, is_needed, name(s.detail)).exec() == 0) continue;
    connection.run(kForgetWishes, name(s.detail)).exec();
    // Nobody would keep the rows up to date. An answer that was under way may have brought some
    // since, so that they go when the kind is needed again, too.
    connection.run(fmt::format("DELETE FROM {}", table_of(s.detail))).exec();
    if (!is_needed) continue;
    const EntitySpec& owner = spec(s.owner);
    const auto changed = change_time_index(owner);
    const std::string lately =
        changed ? fmt::format("coalesce({}, ?3) >= ?3", owner.fields[*changed].column) : "1";
    const std::string which = fmt::format("{} OR {}", open_sql(s), lately);
    connection
        .run(wish_all_sql(s, which), name(s.detail), s.only_text, to_unix(now - s.worth_asking))
        .exec();
  }
}

void Writer::want_payments_again(Time now) {
  for (const Detail detail : {Detail::deal_payment, Detail::invoice_payment}) {
    const DetailSpec& s = spec(detail);
    impl_->connection
        .run(wish_all_sql(s, may_be_paid_sql(s)), name(detail), s.only_text,
             to_unix(now - s.worth_asking))
        .exec();
  }
}

void Writer::save_detail(const DetailState& state) {
  impl_->connection
      .run(kSaveState, state.full_done, state.refused, state.problem, state.fresh_at,
           name(state.detail))
      .exec();
}

std::vector<DetailState> read_details(Connection& connection) {
  std::vector<DetailState> states;
  for (const Detail detail : kDetails) {
    states.push_back({.detail = detail, .needed = !spec(detail).lazy});
  }
  for (Run run = connection.run(kStates); run.next();) {
    const auto found =
        std::ranges::find(states, detail_named(run.text(0)),
                          [](const DetailState& s) { return std::optional(s.detail); });
    if (found == states.end()) continue;
    found->full_done = run.integer(1) != 0;
    found->refused = run.integer(2) != 0;
    found->problem = run.text(3);
    found->fresh_at = run.maybe_time(4);
    found->needed = found->needed || run.integer(5) != 0;
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
  std::set<std::int64_t> known;  // it may have been wished for before and after it was closed
  for (const int closed : {0, 1}) {
    const std::int64_t room = most - static_cast<std::int64_t>(asks.size());
    for (Run run = connection.run(sql, name(detail), closed, room); run.next();) {
      if (!known.insert(run.integer(0)).second) continue;
      asks.push_back({detail, run.integer(0), run.integer(1)});
    }
  }
  return asks;
}

std::vector<DetailAsk> read_open_owners(Connection& connection, Detail detail,
                                        const std::optional<std::int64_t>& below,
                                        std::int64_t most) {
  const DetailSpec& s = spec(detail);
  // Written out: a partial index is not used for a value that is bound.
  const std::string only =
      s.only_column.empty() ? "" : fmt::format("{} = '{}' AND ", s.only_column, s.only_text);
  Run run =
      connection.run(fmt::format("SELECT id, {0} FROM {1} WHERE {2}{3} = 0 AND deleted_at IS NULL "
                                 "AND {0} IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?",
                                 key_of(s), table_of(s.owner), only, s.closed_column),
                     below.value_or(std::numeric_limits<std::int64_t>::max()), most);
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
