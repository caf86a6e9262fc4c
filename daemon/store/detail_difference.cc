#include <fmt/format.h>

#include <set>
#include <utility>

#include "daemon/store/details.h"
#include "daemon/store/mirror_table.h"
#include "daemon/store/rows.h"

// How the mirror's details of one object differ from the portal's.

namespace b24 {
namespace {

using DetailRow = std::pair<std::int64_t, std::vector<Value>>;
using DetailSet = std::set<DetailRow>;

DetailSet stored_rows(Connection& connection, const DetailSpec& spec, std::int64_t owner_id) {
  std::string columns(spec.id_column);
  for (const Field& field : spec.rows.fields) columns += fmt::format(", {}", field.column);
  Run run = connection.run(fmt::format("SELECT {} FROM {} WHERE {} = ?", columns,
                                       table_of(spec.detail), spec.owner_column),
                           owner_id);
  DetailSet rows;
  while (run.next()) {
    DetailRow row{run.integer(0), {}};
    for (int i = 1; i <= static_cast<int>(spec.rows.fields.size()); ++i) {
      row.second.push_back(run.value(i));
    }
    rows.insert(std::move(row));
  }
  return rows;
}

bool is_deleted(Connection& connection, std::int64_t crm_type, std::int64_t id) {
  for (const EntitySpec& entity : specs()) {
    if (entity.style != RequestStyle::crm_item || entity.crm_type != crm_type) continue;
    return connection
        .run(fmt::format("SELECT 1 FROM {} WHERE id = ? AND deleted_at IS NOT NULL",
                         table_of(entity.entity)),
             id)
        .next();
  }
  return false;
}

// The link to the owner, which only the portal's list has, and those to deleted objects, which stay
// here until the activity changes.
void leave_out_links(Connection& connection, std::int64_t activity_id, DetailSet& links) {
  Run owner =
      connection.run("SELECT owner_id, owner_type_id FROM activities WHERE id = ?", activity_id);
  if (owner.next() && !owner.is_null(0)) links.erase({owner.integer(0), {owner.value(1)}});
  std::erase_if(links, [&](const DetailRow& link) {
    const auto type = as_integer(link.second.front());
    return type && is_deleted(connection, *type, link.first);
  });
}

}  // namespace

std::optional<DetailDifference> read_difference(Connection& connection, const DetailRows& there) {
  const DetailSpec& s = spec(there.detail);
  const bool has_owner =
      connection
          .run(fmt::format("SELECT 1 FROM {} WHERE id = ?", table_of(s.owner)), there.owner_id)
          .next();
  if (!has_owner) return std::nullopt;
  DetailSet ours = stored_rows(connection, s, there.owner_id);
  DetailSet theirs;
  for (const Record& record : there.records) theirs.emplace(record.id, record.values);
  if (there.detail == Detail::activity_link) {
    leave_out_links(connection, there.owner_id, ours);
    leave_out_links(connection, there.owner_id, theirs);
  }
  if (ours == theirs) return std::nullopt;
  const bool waiting = connection
                           .run(
                               "SELECT 1 FROM wanted_details "
                               "WHERE detail = ? AND closed IN (0, 1) AND owner_id = ?",
                               name(there.detail), there.owner_id)
                           .next();
  return DetailDifference{static_cast<std::int64_t>(ours.size()),
                          static_cast<std::int64_t>(theirs.size()), waiting};
}

}  // namespace b24
