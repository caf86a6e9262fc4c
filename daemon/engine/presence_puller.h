#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config/config.h"
#include "connectors/bitrix24/client.h"
#include "daemon/engine/event.h"

// Asks the portal who is there and who is not, part by part: absences by the calendars once an
// hour; who is on leave and whose working day is open every ten minutes while people work.

namespace b24 {

struct PresenceOptions {
  PeopleSettings people{};  // of the settings: whose working day is asked for
  SalesScope scope{};       // of the settings, likewise
  seconds calendars_every{3600};
  // On days off and at night: once in calendars_every.
  seconds presence_every{600};
  seconds refused_every{3600};    // between two attempts at what the portal refuses
  seconds unanswered_every{600};  // at what it could not answer for the moment
};

// One thread, the puller's.
class PresencePuller {
 public:
  PresencePuller(Client& client, Reader& reader, EventQueue& events, Clock& clock,
                 PresenceOptions options);

  // What is asked for depends on the scopes; how often, on the hour. Without a calendar any hour is
  // a working one.
  void know(const PortalFacts& facts, const std::optional<Calendar>& calendar);
  // What an earlier run was told lately need not be asked before `due`.
  void assume(PresencePart part, SteadyTime due) {
    (part == PresencePart::calendar ? calendars_due_ : presence_due_) = due;
  }

  // What is due. A part that cannot be read spoils nothing else: fails only with `stopped` or
  // `blocked`.
  Result<void> read_when_due(const std::stop_token& stop);

 private:
  Result<void> read_calendars(const std::vector<std::int64_t>& people, const std::stop_token& stop);
  Result<void> read_leave_and_days(const std::vector<std::int64_t>& people,
                                   const std::stop_token& stop);
  PresenceQuestions questions(const std::vector<std::int64_t>& people);
  // Whose working days are watched: the managers, or everybody while nobody is known for one.
  std::vector<std::int64_t> workers(const std::vector<std::int64_t>& people);
  void take_leave(const std::vector<std::int64_t>& asked, const Presence& presence,
                  const std::stop_token& stop);
  void take_workdays(const PresenceQuestions& asked, Presence presence,
                     const std::stop_token& stop);
  // False where the scope is missing, which is the part's trouble then.
  bool may_ask(PresencePart part);
  // How a part fared; an empty text: well.
  void note(PresencePart part, const std::string& trouble);
  // When what failed so is worth another try.
  SteadyTime retry_at(const Error& why) const;

  Client& client_;
  Reader& reader_;
  EventQueue& events_;
  Clock& clock_;
  PresenceOptions options_;
  std::set<std::string> scopes_;  // of the webhook; empty while unknown
  seconds portal_offset_{0};
  std::optional<Calendar> calendar_;
  SteadyTime calendars_due_{};
  SteadyTime presence_due_{};
  SteadyTime rules_due_{};                // how people's time is kept
  SteadyTime days_rest_until_{};          // nobody's working day is asked for
  std::set<std::int64_t> untracked_;      // they have no working days
  PresenceTroubles troubles_;             // of the parts that are not read
  std::optional<PresenceTroubles> told_;  // of them, to the engine
};

}  // namespace b24
