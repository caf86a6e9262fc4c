#include "daemon/engine/presence_puller.h"

#include <algorithm>
#include <utility>

#include "daemon/engine/kept.h"
#include "daemon/engine/log.h"
#include "daemon/engine/pace.h"
#include "rules/evaluate.h"
#include "rules/people.h"

namespace b24 {
namespace {

// As far back as norms walk; vacations are known in advance.
constexpr days kAbsencesBack = kLongestHistory;
constexpr days kAbsencesAhead{60};
constexpr seconds kWorkdayRulesEvery{86400};

bool ends_all(const Error& why) {
  return why.kind == ErrorKind::stopped || why.kind == ErrorKind::blocked;
}

}  // namespace

PresencePuller::PresencePuller(Client& client, Reader& reader, EventQueue& events, Clock& clock,
                               PresenceOptions options)
    : client_(client),
      reader_(reader),
      events_(events),
      clock_(clock),
      options_(std::move(options)) {}

void PresencePuller::know(const PortalFacts& facts, const std::optional<Calendar>& calendar) {
  scopes_ = facts.scopes;
  portal_offset_ = facts.portal_offset;
  calendar_ = calendar;
}

Result<void> PresencePuller::read_when_due(const std::stop_token& stop) {
  const SteadyTime now = clock_.steady_now();
  const bool calendars = now >= calendars_due_;
  const bool presence = now >= presence_due_;
  if (!calendars && !presence) return {};
  std::vector<std::int64_t> people;
  for (const Person& person : reader_.persons()) {
    if (person.active) people.push_back(person.id);
  }
  if (people.empty()) return {};
  if (calendars) {
    if (auto read = read_calendars(people, stop); !read) return read;
  }
  if (presence) {
    if (auto read = read_leave_and_days(people, stop); !read) return read;
  }
  if (told_ != troubles_) {
    told_ = troubles_;
    events_.push(PresenceTold{troubles_}, stop);
  }
  return {};
}

bool PresencePuller::may_ask(PresencePart part) {
  if (scopes_.empty() || scopes_.contains(std::string{scope_needed(part)})) return true;
  note(part, about_scope(part, client_.access().way()));
  return false;
}

void PresencePuller::note(PresencePart part, const std::string& trouble) {
  const auto known = troubles_.find(part);
  if (trouble.empty()) {
    if (known == troubles_.end()) return;
    troubles_.erase(known);
    log::info("presence read again part={}", name(part));
  } else if (known == troubles_.end() || known->second != trouble) {
    troubles_[part] = trouble;
    // What is known stays in force; without any, absences come from the settings alone.
    log::warn("presence not read part={} text={}", name(part), log::quoted(trouble));
  }
}

SteadyTime PresencePuller::retry_at(const Error& why) const {
  return clock_.steady_now() +
         (passes_by_itself(why.kind) ? options_.unanswered_every : options_.refused_every);
}

Result<void> PresencePuller::read_calendars(const std::vector<std::int64_t>& people,
                                            const std::stop_token& stop) {
  const Time now = clock_.now();
  if (!may_ask(PresencePart::calendar)) {
    calendars_due_ = clock_.steady_now() + options_.calendars_every;
    return {};
  }
  auto absences = read_absences(client_, people, now - kAbsencesBack, now + kAbsencesAhead,
                                portal_offset_, stop);
  if (absences) {
    calendars_due_ = clock_.steady_now() + options_.calendars_every;
    note(PresencePart::calendar, "");
    events_.push(AbsencesRead{PresencePart::calendar, std::move(*absences)}, stop);
    return {};
  }
  if (ends_all(absences.error())) return absences.error();
  calendars_due_ = retry_at(absences.error());
  note(PresencePart::calendar, absences.error().text);
  return {};
}

std::vector<std::int64_t> PresencePuller::workers(const std::vector<std::int64_t>& people) {
  const People staff{reader_.persons(options_.scope), reader_.departments(), options_.people};
  const auto& managers = staff.managers();
  if (managers.empty()) return people;
  return {managers.begin(), managers.end()};
}

PresenceQuestions PresencePuller::questions(const std::vector<std::int64_t>& people) {
  PresenceQuestions ask;
  if (may_ask(PresencePart::leave)) ask.leave = people;
  const SteadyTime now = clock_.steady_now();
  if (now < days_rest_until_ || !may_ask(PresencePart::workday)) return ask;
  ask.workdays = workers(people);
  if (now >= rules_due_) {
    ask.rules = ask.workdays;
  } else {
    std::erase_if(ask.workdays, [&](std::int64_t id) { return untracked_.contains(id); });
  }
  return ask;
}

Result<void> PresencePuller::read_leave_and_days(const std::vector<std::int64_t>& people,
                                                 const std::stop_token& stop) {
  const Pace pace{options_.presence_every, options_.calendars_every};
  const seconds every = calendar_ ? pace_at(pace, *calendar_, clock_.now()) : pace.busy;
  const PresenceQuestions ask = questions(people);
  if (ask.leave.empty() && ask.workdays.empty()) {
    presence_due_ = clock_.steady_now() + every;
    return {};
  }
  auto presence = read_presence(client_, ask, stop);
  if (!presence) {
    if (ends_all(presence.error())) return presence.error();
    presence_due_ = retry_at(presence.error());
    if (!ask.leave.empty()) note(PresencePart::leave, presence.error().text);
    if (!ask.workdays.empty()) note(PresencePart::workday, presence.error().text);
    return {};
  }
  presence_due_ = clock_.steady_now() + every;
  if (!ask.leave.empty()) take_leave(ask.leave, *presence, stop);
  if (!ask.workdays.empty()) take_workdays(ask, std::move(*presence), stop);
  return {};
}

void PresencePuller::take_leave(const std::vector<std::int64_t>& asked, const Presence& presence,
                                const std::stop_token& stop) {
  if (presence.leave_problem) return note(PresencePart::leave, presence.leave_problem->text);
  note(PresencePart::leave, "");
  std::vector<Absence> known;
  if (auto kept = kept_absences(reader_, PresencePart::leave)) known = std::move(kept->absences);
  events_.push(
      AbsencesRead{PresencePart::leave, with_leave(std::move(known), asked, presence.on_leave,
                                                   clock_.now(), portal_offset_)},
      stop);
}

void PresencePuller::take_workdays(const PresenceQuestions& asked, Presence presence,
                                   const std::stop_token& stop) {
  note(PresencePart::workday, presence.workday_problem ? presence.workday_problem->text : "");
  if (presence.workday_problem) {
    days_rest_until_ = retry_at(*presence.workday_problem);
  } else if (!asked.rules.empty()) {
    rules_due_ = clock_.steady_now() + kWorkdayRulesEvery;
    untracked_.clear();
    for (const WorkdayRules& rules : presence.rules) {
      if (!rules.tracked) untracked_.insert(rules.user_id);
    }
  }
  if (presence.workdays.empty() && presence.rules.empty()) return;
  events_.push(WorkdaysRead{std::move(presence.workdays), std::move(presence.rules)}, stop);
}

}  // namespace b24
