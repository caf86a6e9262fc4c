#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "connectors/bitrix24/application.h"
#include "connectors/bitrix24/client.h"
#include "connectors/secret.h"
#include "rules/base/language.h"
#include "rules/calendar.h"
#include "rules/people.h"
#include "rules/sales_scope.h"

// The settings, as plain data with their defaults. config/b24watch.yaml shows every key.

namespace b24 {

struct CalendarOverrides {
  std::optional<std::string> zone;    // nothing: the portal's
  std::optional<minutes> work_start;  // nothing: the portal's
  std::optional<minutes> work_end;
  std::optional<std::set<unsigned>> week_holidays;
  std::set<Day> extra_holidays;
  std::set<Day> extra_workdays;
};

// A day range of a person's absence, as written: both days included.
struct AbsenceDays {
  std::int64_t user_id = 0;
  Day from;
  Day to;
};

struct PortalSettings {
  Secret webhook;                              // empty: not given
  std::optional<ApplicationKeys> application;  // in place of a webhook
  seconds poll{30};                            // between two looks at what changed
  seconds poll_quiet{300};                     // the same outside working hours, where it is longer
  LimiterOptions limits;
  std::string ca_file;  // for a self-hosted portal with its own authority
};

struct HttpSettings {
  std::string host = "127.0.0.1";
  int port = 0;              // 0: no listener
  Secret application_token;  // of the outbound webhook; empty: events are refused
  // Where the portal finds the listener, "https://watch.example.ru"; empty: nowhere.
  std::string public_address{};
};

struct Config {
  std::filesystem::path file;  // where it was read from
  Language language = Language::ru;
  PortalSettings portal;
  std::filesystem::path state_dir = "/var/lib/b24watch";
  std::vector<std::filesystem::path> rules;  // folders with *.yaml, read in the order of names
  PeopleSettings people;
  // When people are told anything: in working hours only, or at any time.
  enum class NotifyHours { working, any };
  NotifyHours notify_hours = NotifyHours::working;
  // Told of trouble with the portal itself; empty: the owner of the webhook is.
  std::vector<std::int64_t> administrators;
  std::vector<AbsenceDays> absences;
  SalesScope scope;
  CalendarOverrides calendar;
  HttpSettings http;
  std::string log_level = "info";
};

// The portal's calendar (or none) with the settings' corrections on top. `portal_zone` is used when
// the settings name no zone.
CalendarSettings merged(const std::optional<CalendarSettings>& portal,
                        const CalendarOverrides& overrides, const std::string& portal_zone);

}  // namespace b24
