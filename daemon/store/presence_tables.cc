#include "daemon/store/writer.h"

// Working days, as the portal tells them of people.

namespace b24 {
namespace {

constexpr const char* kSaveWorkday =
    "INSERT INTO workdays "
    "(user_id, day, status, opened_clock, opened_at, closed_at, break_seconds, confirmed, seen_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (user_id, day) DO UPDATE SET status = excluded.status, "
    "opened_clock = excluded.opened_clock, opened_at = excluded.opened_at, "
    "closed_at = excluded.closed_at, "
    "break_seconds = excluded.break_seconds, confirmed = excluded.confirmed, "
    "seen_at = excluded.seen_at "
    "WHERE (status, opened_at, closed_at, break_seconds, confirmed) IS NOT (excluded.status, "
    "excluded.opened_at, excluded.closed_at, excluded.break_seconds, excluded.confirmed)";
constexpr const char* kSaveWorkdayRules =
    "INSERT INTO workday_rules (user_id, tracked, flexible, latest_start, earliest_finish) "
    "VALUES (?, ?, ?, nullif(?, ''), nullif(?, '')) "
    "ON CONFLICT (user_id) DO UPDATE SET tracked = excluded.tracked, "
    "flexible = excluded.flexible, latest_start = excluded.latest_start, "
    "earliest_finish = excluded.earliest_finish";

}  // namespace

bool Writer::save_workdays(std::span<const Workday> workdays, Time seen_at) {
  std::int64_t changed = 0;
  for (const Workday& day : workdays) {
    changed += impl_->connection
                   .run(kSaveWorkday, day.user_id, std::string_view{day.day}, name(day.status),
                        std::string_view{day.opened_clock}, day.opened_at, day.closed_at,
                        day.break_seconds, day.confirmed, seen_at)
                   .exec();
  }
  return changed > 0;
}

void Writer::save_workday_rules(std::span<const WorkdayRules> rules) {
  for (const WorkdayRules& one : rules) {
    impl_->connection
        .run(kSaveWorkdayRules, one.user_id, one.tracked, one.flexible,
             std::string_view{one.latest_start}, std::string_view{one.earliest_finish})
        .exec();
  }
}

}  // namespace b24
