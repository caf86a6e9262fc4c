#include "daemon/store/rows.h"
#include "daemon/store/writer.h"

// What activities are bound to besides their owner, and of which that is still to be read. Open
// ones come first, and of each the newest: what is planned is what rules ask for.

namespace b24 {
namespace {

constexpr const char* kForgetLinks = "DELETE FROM activity_links WHERE activity_id = ?";
constexpr const char* kAddLinks =
    "INSERT INTO activity_links (crm_type, crm_id, activity_id) "
    "SELECT j.value ->> 0, j.value ->> 1, a.id FROM activities AS a, json_each(?2) AS j "
    "WHERE a.id = ?1 AND (j.value ->> 0 IS NOT a.owner_type_id OR j.value ->> 1 IS NOT a.owner_id) "
    "ON CONFLICT DO NOTHING";
constexpr const char* kDoneLinks =
    "DELETE FROM unlinked_activities WHERE completed IN (0, 1) AND activity_id = ?";
constexpr const char* kUnlinked =
    "SELECT activity_id FROM unlinked_activities WHERE completed = ? "
    "ORDER BY activity_id DESC LIMIT ?";

}  // namespace

void Writer::save_activity_links(std::span<const ActivityLinks> activities) {
  Connection& connection = impl_->connection;
  for (const ActivityLinks& activity : activities) {
    connection.run(kForgetLinks, activity.activity_id).exec();
    connection.run(kAddLinks, activity.activity_id, std::string_view{activity.links}).exec();
    connection.run(kDoneLinks, activity.activity_id).exec();
  }
}

std::vector<std::int64_t> read_unlinked_activities(Connection& connection, std::int64_t most) {
  std::vector<std::int64_t> ids;
  for (const int completed : {0, 1}) {
    const std::int64_t room = most - static_cast<std::int64_t>(ids.size());
    for (Run run = connection.run(kUnlinked, completed, room); run.next();) {
      ids.push_back(run.integer(0));
    }
  }
  return ids;
}

}  // namespace b24
