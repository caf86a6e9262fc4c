#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/portal/portal.h"
#include "tests/support/process.h"

// A portal, a folder for the state, a settings file and the program: what a scenario needs.

namespace b24 {

class Workplace {
 public:
  explicit Workplace(sim::PortalOptions options);
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  sim::Portal& portal() { return portal_; }
  const std::string& folder() const { return folder_; }
  std::string config_file() const { return folder_ + "/b24watch.yaml"; }

  // Writes the settings again: the webhook, the state folder, a quick poll, and `more` (YAML).
  void configure(const std::string& more = "");
  // b24watch --config … ARGUMENTS
  std::vector<std::string> command(std::vector<std::string> arguments) const;
  Finished run(std::vector<std::string> arguments) const;
  nlohmann::json query(const std::string& sql) const;
  // The service's first look at the rules is over: what comes now is news.
  bool has_begun() const;
  // Findings of one rule, from `preview --json`.
  nlohmann::json preview(const std::string& rule) const;

  std::string poll = "1 second";

 private:
  std::string folder_;
  sim::Portal portal_;
};

// Where mirror and portal differ, one line a difference, at most twenty; empty when they are equal.
// Compares every row of every kind, field by field, from the portal's own JSON and the views an
// analyst reads.
std::string differences(Workplace& workplace);
// The same of what tasks and activities are linked to in the CRM. Activities are asked for one by
// one, here and there: what they are bound to is read after them, so many at a time.
std::string link_differences(Workplace& workplace);

// Polls until `holds` or the time is over; gives the last answer.
bool eventually(const std::function<bool()>& holds, milliseconds most = seconds{60});

}  // namespace b24
