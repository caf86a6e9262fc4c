#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/portal/portal.h"
#include "tests/support/differences.h"
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
  // From now on a rule reads what is read on demand alone: v_deal_product, v_comment, v_payment. It
  // never finds anything. Writes the settings again; configure() may follow.
  void read_on_demand();
  bool reads_on_demand() const { return on_demand_; }
  // b24watch --config … ARGUMENTS
  std::vector<std::string> command(std::vector<std::string> arguments) const;
  Finished run(std::vector<std::string> arguments) const;
  nlohmann::json query(const std::string& sql) const;
  // The service's first look at the rules is over: what comes now is news.
  bool has_begun() const;
  // What is asked for by the clock alone is due again, as if an hour had passed: rates, payments
  // that are made or returned, working days. No program may be at work.
  void let_time_pass();
  // Has the mirror read all that is on the portal now: a `sync`, and, where something is read on
  // demand, a service until that is there. Throws where they fail.
  void catch_up();
  // All that is asked for by the ids of objects has been.
  bool has_details() const;
  // Findings of one rule, from `preview --json`.
  nlohmann::json preview(const std::string& rule) const;

  std::string poll = "1 second";
  bool limits = true;  // requests are kept within a portal's usual limits

 private:
  std::string folder_;
  sim::Portal portal_;
  bool on_demand_ = false;
};

// Polls until `holds` or the time is over; gives the last answer.
bool eventually(const std::function<bool()>& holds, milliseconds most = seconds{60});

}  // namespace b24
