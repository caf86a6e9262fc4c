#include "connectors/bitrix24/presence.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "connectors/bitrix24/php_json.h"

namespace b24 {
namespace {

using php::Json;

// The docs name no limit; so many ids are a body of some ten kilobytes.
constexpr std::size_t kPeopleAtOnce = 500;

// "00:17:53", and hours beyond a day.
std::optional<std::int64_t> span_of(std::string_view text) {
  std::int64_t total = 0;
  int parts = 0;
  while (!text.empty() && parts < 3) {
    const auto colon = text.find(':');
    const auto number = php::to_number(text.substr(0, colon));
    if (!number || *number < 0) return std::nullopt;
    text = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    total = total * 60 + *number;
    ++parts;
  }
  return parts == 3 && text.empty() ? std::optional(total) : std::nullopt;
}

// "9:15:00" -> "09:15".
std::string hour_in(const Json& rules, const char* name) {
  const auto span = span_of(php::text_in(rules, name));
  return span ? fmt::format("{:02}:{:02}", *span / 3600, *span / 60 % 60) : std::string{};
}

// A map by id or a list, where somebody unknown is null.
void collect_leave(std::string_view result, std::vector<Leave>& on_leave) {
  const Json users = Json::parse(result, nullptr, /*allow_exceptions=*/false);
  if (!users.is_structured()) return;
  for (const Json& user : users) {
    const auto id = php::number_in(user, "id");
    const Json* absent = php::member(user, "absent");
    if (!id || absent == nullptr) continue;
    const bool there = absent->is_null() || *absent == Json(false) || *absent == Json("") ||
                       absent->is_structured();
    if (there) continue;
    Leave leave{*id, std::nullopt};
    if (absent->is_string()) leave.until = parse_time(absent->get_ref<const std::string&>());
    on_leave.push_back(leave);
  }
}

std::optional<WorkdayStatus> status_named(std::string_view word) {
  if (word == "OPENED") return WorkdayStatus::opened;
  if (word == "PAUSED") return WorkdayStatus::paused;
  if (word == "CLOSED") return WorkdayStatus::closed;
  if (word == "EXPIRED") return WorkdayStatus::expired;
  return std::nullopt;
}

// Nothing for somebody who has never begun a day.
std::optional<Workday> workday_of(std::int64_t user, std::string_view result) {
  const Json json = Json::parse(result, nullptr, /*allow_exceptions=*/false);
  const auto status = status_named(php::text_in(json, "STATUS"));
  const std::string began = php::text_in(json, "TIME_START");
  const auto opened_at = parse_time(began);
  if (!status || !opened_at) return std::nullopt;
  Workday day{.user_id = user,
              .day = began.substr(0, 10),
              .opened_clock = began.substr(11, 5),
              .status = *status};
  day.opened_at = *opened_at;
  day.closed_at = parse_time(php::text_in(json, "TIME_FINISH"));
  day.break_seconds = span_of(php::text_in(json, "TIME_LEAKS")).value_or(0);
  day.confirmed = php::is_on(json, "ACTIVE", true);
  return day;
}

std::optional<WorkdayRules> rules_of(std::int64_t user, std::string_view result) {
  const Json json = Json::parse(result, nullptr, /*allow_exceptions=*/false);
  if (php::member(json, "UF_TIMEMAN") == nullptr) return std::nullopt;
  return WorkdayRules{user, php::is_on(json, "UF_TIMEMAN", false),
                      php::is_on(json, "UF_TM_FREE", false), hour_in(json, "UF_TM_MAX_START"),
                      hour_in(json, "UF_TM_MIN_FINISH")};
}

// What one command asks for: many people's leave, or one person's day or rules.
struct Question {
  const char* method;
  std::int64_t user = 0;
  Command command;
};

std::vector<Question> questions_of(const PresenceQuestions& ask) {
  std::vector<Question> questions;
  const auto add = [&](const char* method, std::int64_t user, const Params& params) {
    questions.push_back(
        {method, user, {fmt::format("p{}", questions.size()), method, to_query(params)}});
  };
  for (std::size_t at = 0; at < ask.leave.size(); at += kPeopleAtOnce) {
    const std::size_t end = std::min(ask.leave.size(), at + kPeopleAtOnce);
    add(kLeaveMethod, 0,
        {{"ID", std::vector(ask.leave.begin() + static_cast<std::ptrdiff_t>(at),
                            ask.leave.begin() + static_cast<std::ptrdiff_t>(end))}});
  }
  for (const std::int64_t user : ask.rules) add(kWorkdayRulesMethod, user, {{"USER_ID", user}});
  for (const std::int64_t user : ask.workdays) add(kWorkdayMethod, user, {{"USER_ID", user}});
  return questions;
}

// How the questions about working days fared.
class Tally {
 public:
  void add(const Result<std::string_view>& said) {
    ++asked_;
    if (said) return;
    if (passes_by_itself(said.error().kind)) passing_ = said.error();
    if (!refused_) refused_ = said.error();
    ++failed_;
  }
  std::optional<Error> problem() const {
    if (passing_) return passing_;
    return asked_ > 0 && failed_ == asked_ ? refused_ : std::nullopt;
  }

 private:
  std::size_t asked_ = 0;
  std::size_t failed_ = 0;
  std::optional<Error> passing_;
  std::optional<Error> refused_;
};

void take_presence_answer(const Question& question, const Result<std::string_view>& said,
                          Presence& presence) {
  if (question.method == kLeaveMethod) {
    if (said) return collect_leave(*said, presence.on_leave);
    presence.leave_problem = said.error();
  } else if (said && question.method == kWorkdayMethod) {
    if (const auto day = workday_of(question.user, *said)) presence.workdays.push_back(*day);
  } else if (said) {
    if (const auto rules = rules_of(question.user, *said)) presence.rules.push_back(*rules);
  }
}

}  // namespace

std::string_view name(WorkdayStatus status) {
  switch (status) {
    case WorkdayStatus::opened:
      return "opened";
    case WorkdayStatus::paused:
      return "paused";
    case WorkdayStatus::closed:
      return "closed";
    case WorkdayStatus::expired:
      return "expired";
  }
  return "";
}

Result<Presence> read_presence(Client& client, const PresenceQuestions& ask,
                               const std::stop_token& stop) {
  Presence presence;
  Tally workdays;
  const std::vector<Question> questions = questions_of(ask);
  for (std::span<const Question> rest{questions}; !rest.empty();) {
    const auto now = rest.first(std::min(rest.size(), kBatchCommands));
    rest = rest.subspan(now.size());
    std::vector<Command> commands;
    for (const Question& question : now) commands.push_back(question.command);
    const auto answer = client.batch(commands, stop);
    if (!answer) return answer.error();
    for (std::size_t i = 0; i < now.size() && i < answer->commands.size(); ++i) {
      const auto& said = answer->commands[i].result;
      if (now[i].user != 0) workdays.add(said);
      take_presence_answer(now[i], said, presence);
    }
  }
  presence.workday_problem = workdays.problem();
  return presence;
}

}  // namespace b24
