#include "tests/portal/facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/portal/calendar.h"
#include "tests/portal/generator.h"
#include "tests/portal/text.h"

namespace b24::sim {
namespace {

class Oracle {
 public:
  Oracle(const World& world, const SalesScope& scope)
      : world_(world), scope_(scope), now_(world.now()), offset_(world.options.offset) {
    std::set<Id> with_deals;
    for (const Deal& deal : world.data.deals) {
      if (of_sales(deal)) with_deals.insert(deal.manager);
    }
    std::set<Id> heads;
    for (const Department& department : world.data.departments) heads.insert(department.head);
    for (const User& user : world.data.users) {
      if (user.active && with_deals.contains(user.id) && !heads.contains(user.id)) {
        managers_.push_back(&user);
      }
    }
  }

  std::string text() {
    std::string out = "{";
    key(out, "now");
    time_text(out, now_, offset_);
    overdue_pile(out);
    overload(out);
    calls_drop(out);
    stuck(out);
    people(out);
    chats(out);
    return out + '}';
  }

 private:
  bool of_sales(const Deal& deal) const {
    return scope_.pipelines.empty() || scope_.pipelines.contains(deal.pipeline);
  }

  bool test_title(const std::string& title) const {
    return std::any_of(scope_.test_titles.begin(), scope_.test_titles.end(),
                       [&](const std::string& mask) {
                         return title.starts_with(mask.substr(0, mask.size() - 1));
                       });
  }

  bool manages(Id id) const {
    return std::any_of(managers_.begin(), managers_.end(),
                       [&](const User* user) { return user->id == id; });
  }

  bool absent_at(Id user, Unix at) const {
    return std::any_of(
        world_.data.absences.begin(), world_.data.absences.end(),
        [&](const AbsenceRow& a) { return a.user == user && a.from <= at && at < a.to; });
  }

  bool absent_since(Id user, Unix from) const {
    return std::any_of(
        world_.data.absences.begin(), world_.data.absences.end(),
        [&](const AbsenceRow& a) { return a.user == user && a.from <= from && now_ < a.to; });
  }

  // A deadline at local midnight is the end of that day's working hours.
  bool overdue(const Task& task) const {
    if (task.deadline == 0) return false;
    const LocalDay day = local_day(task.deadline, offset_);
    const bool midnight = at_local(day, minutes{0}, offset_) == task.deadline;
    const Unix due = midnight ? at_local(day, kWorkEnd, offset_) : task.deadline;
    return due < now_ && !absent_since(task.manager, due);
  }

  void overdue_pile(std::string& out) const {
    std::map<Id, std::vector<Id>> late;
    std::map<Id, int> open;
    for (const Task& task : world_.data.tasks) {
      if ((task.status != 2 && task.status != 3) || test_title(task.title)) continue;
      ++open[task.manager];
      if (overdue(task)) late[task.manager].push_back(task.id);
    }
    key(out, "overdue_pile");
    out += '{';
    for (const auto& [manager, ids] : late) {
      const auto count = static_cast<int>(ids.size());
      if (!manages(manager) || count < 5 || count * 5 < open[manager]) continue;
      key(out, std::to_string(manager));
      out += fmt::format("[{}]", fmt::join(ids, ","));
    }
    out += '}';
  }

  bool is_open(const Deal& deal) const {
    return world_.stage(deal).semantic == 'P' && !deal.recurring && of_sales(deal) &&
           !test_title(deal.title) && !scope_.test_deal_types.contains(deal.type);
  }

  void overload(std::string& out) const {
    std::map<Id, int> open;
    for (const User* user : managers_) open[user->id] = 0;
    for (const Deal& deal : world_.data.deals) {
      if (is_open(deal) && open.contains(deal.manager)) ++open[deal.manager];
    }
    std::vector<double> counts;
    for (const auto& [manager, count] : open) counts.push_back(count);
    const double middle = median(counts);
    key(out, "overload_deals");
    out += '{';
    for (const auto& [manager, count] : open) {
      const bool above_the_team = counts.size() >= 3 && count > 1.5 * middle;
      if (count < 10 || (count <= 40 && !above_the_team)) continue;
      key(out, std::to_string(manager));
      integer(out, count);
    }
    out += '}';
  }

  static double median(std::vector<double> values) {
    if (values.empty()) return 0;
    std::sort(values.begin(), values.end());
    const std::size_t half = values.size() / 2;
    return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  }

  bool effective(const CallRow& call) const {
    const auto offset = scope_.duration_offsets.find(line_name(call));
    const std::int64_t ringing =
        offset == scope_.duration_offsets.end() ? 0 : offset->second.count();
    return (call.type == 1 || call.type == 4) &&
           (call.code == CallCode::ok || call.code == CallCode::empty) &&
           call.duration - ringing > 30 && !is_staff_number(call.phone);
  }

  // Newest first, today left out, not before the person came.
  std::vector<LocalDay> present_days(const User& user, std::size_t count) const {
    const LocalDay today = local_day(now_, offset_);
    LocalDay first = today - days{400};
    if (!world_.data.calls.empty()) {
      first = std::max(first, local_day(world_.data.calls.front().started, offset_));
    }
    first = std::max(first, local_day(std::max(user.registered, user.hired), offset_));
    std::vector<LocalDay> list;
    for (LocalDay day = today - days{1}; day >= first && list.size() < count; day -= days{1}) {
      if (is_workday(day) && !absent_at(user.id, at_local(day, hours{12}, offset_))) {
        list.push_back(day);
      }
    }
    return list;
  }

  void calls_drop(std::string& out) const {
    std::map<std::pair<Id, LocalDay>, int> counts;
    for (const CallRow& call : world_.data.calls) {
      if (effective(call)) ++counts[{call.manager, local_day(call.started, offset_)}];
    }
    key(out, "calls_drop_vs_baseline");
    out += '{';
    for (const User* user : managers_) {
      const auto days_there = present_days(*user, 23);
      if (days_there.size() < 13 || absent_at(user->id, now_)) continue;
      double value = 0;
      std::vector<double> before;
      for (std::size_t i = 0; i < days_there.size(); ++i) {
        const auto found = counts.find({user->id, days_there[i]});
        const double count = found == counts.end() ? 0 : found->second;
        if (i < 3) {
          value += count / 3;
        } else {
          before.push_back(count);
        }
      }
      const double norm = median(before);
      if (norm < 5 || value >= 0.7 * norm) continue;
      key(out, std::to_string(user->id));
      out += fmt::format(R"({{"value":{},"norm":{}}})", value, norm);
    }
    out += '}';
  }

  void stuck(std::string& out) const {
    key(out, "deal_stuck_stage");
    out += '[';
    for (const Deal& deal : world_.data.deals) {
      if (!is_open(deal) || now_ - deal.moved <= 14 * kDay) continue;
      comma(out);
      integer(out, deal.id);
    }
    out += ']';
  }

  void people(std::string& out) const {
    std::vector<Id> ids, away;
    std::string heads = "{";
    for (const User* user : managers_) {
      ids.push_back(user->id);
      if (absent_at(user->id, now_)) away.push_back(user->id);
      const Department* department = find_row(world_.data.departments, user->departments.front());
      key(heads, std::to_string(user->id));
      integer(heads, department == nullptr ? 0 : department->head);
    }
    key(out, "managers");
    out += fmt::format("[{}]", fmt::join(ids, ","));
    key(out, "heads");
    out += heads + '}';
    key(out, "absent");
    out += fmt::format("[{}]", fmt::join(away, ","));
  }

  // Open sessions whose last word, but for the system's, is the client's: since the first of his
  // last words.
  void chats(std::string& out) const {
    key(out, "chats_waiting");
    out += '{';
    for (const ChatSession& session : world_.data.sessions) {
      std::optional<Unix> since;
      for (const ChatMessageRow& message : session.messages) {
        if (message.sender == 0) continue;
        if (message.sender != session.client) {
          since.reset();
        } else if (!since) {
          since = message.at;
        }
      }
      if (!since || !world_.is_open(session)) continue;
      key(out, std::to_string(session.activity));
      integer(out, *since);
    }
    out += '}';
  }

  const World& world_;
  const SalesScope& scope_;
  const Unix now_;
  const seconds offset_;
  std::vector<const User*> managers_;
};

}  // namespace

std::string find_facts(const World& world, const SalesScope& scope) {
  return Oracle{world, scope}.text();
}

}  // namespace b24::sim
