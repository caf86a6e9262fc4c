#include "tests/support/workplace.h"

#include <fmt/format.h>

#include <SQLiteCpp/SQLiteCpp.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <thread>

#include "rules/base/time.h"

namespace b24 {
namespace {

using nlohmann::json;

std::string temporary_folder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "b24watch-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  return pattern;
}

// A metric over everything that is read on demand alone, of which there is never so much.
constexpr const char* kRulesOnDemand = R"(version: 1
metrics:
  on_demand:
    title: Читает по требованию
    kind: state
    sql: |
      SELECT author_id AS manager_id,
             count(*) + (SELECT count(*) FROM v_deal_product)
               + (SELECT count(*) FROM v_payment) AS value
      FROM v_comment
      GROUP BY author_id
rules:
  - id: on_demand
    name: Читает по требованию
    metric: on_demand
    by: manager
    above: 1000000000
    text: "{manager}"
    resolved: "{manager}"
)";

}  // namespace

Workplace::Workplace(sim::PortalOptions options)
    : folder_(temporary_folder()), portal_(std::move(options)) {
  portal_.start();
  configure();
}

Workplace::~Workplace() {
  std::error_code ignored;  // a leftover in the temporary folder harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

void Workplace::configure(const std::string& more) {
  std::ofstream webhook{folder_ + "/webhook", std::ios::trunc};
  webhook << portal_.webhook() << '\n';
  webhook.close();
  std::filesystem::permissions(folder_ + "/webhook", std::filesystem::perms::owner_read |
                                                         std::filesystem::perms::owner_write);
  std::ofstream settings{config_file(), std::ios::trunc};
  settings << "portal:\n  webhook_file: " << folder_ << "/webhook\n  poll: " << poll
           << "\n  poll_quiet: " << poll << (limits ? "" : "\n  limits: {plan: none}")
           << "\nstate_dir: " << folder_
           << "/state\n"
           // Tests run at night too.
           << (more.find("people:") == std::string::npos ? "people: {notify_hours: any}\n" : "")
           << (on_demand_ ? "rules: [" + folder_ + "/rules]\n" : "") << more;
}

void Workplace::read_on_demand() {
  std::filesystem::create_directories(folder_ + "/rules");
  std::ofstream{folder_ + "/rules/on_demand.yaml"} << kRulesOnDemand;
  on_demand_ = true;
  configure();
}

std::vector<std::string> Workplace::command(std::vector<std::string> arguments) const {
  std::vector<std::string> all = {b24watch_program(), "--config", config_file()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return all;
}

Finished Workplace::run(std::vector<std::string> arguments) const {
  return run_process(command(std::move(arguments)), folder_);
}

json Workplace::query(const std::string& sql) const {
  const Finished done = run({"query", "--json", sql});
  if (done.exit_code != 0) throw std::runtime_error(done.err);
  return json::parse(done.out);
}

json Workplace::preview(const std::string& rule) const {
  const Finished done =
      run({"preview", "--json", "--rule", rule, "--at", format_utc(portal_.now())});
  if (done.exit_code != 0) throw std::runtime_error(done.err);
  return json::parse(done.out);
}

void Workplace::let_time_pass() {
  // Rates and directories are read by every `sync`.
  SQLite::Database{folder_ + "/state/b24watch.sqlite", SQLite::OPEN_READWRITE, 5000}.exec(
      "UPDATE streams SET recent_at = NULL;"
      "DELETE FROM meta WHERE name IN ('absences', 'absences.leave')");
}

void Workplace::catch_up() {
  if (std::filesystem::exists(folder_ + "/state/b24watch.sqlite")) let_time_pass();
  const Finished sync = run({"sync"});
  if (sync.exit_code != 0) throw std::runtime_error("sync: " + sync.err);
  if (!on_demand_) return;
  Process service{command({"run"}), folder_};
  const bool read = eventually([&] { return has_details() || !service.running(); });
  service.signal(SIGTERM);
  if (service.wait().exit_code != 0 || !read) throw std::runtime_error("run: " + service.err());
}

bool Workplace::has_details() const {
  SQLite::Database state{folder_ + "/state/b24watch.sqlite", SQLite::OPEN_READONLY, 5000};
  return state
             .execAndGet(
                 "SELECT (SELECT needed FROM details WHERE detail = 'product_row') = 1 "
                 "AND NOT EXISTS (SELECT 1 FROM wanted_details)")
             .getInt() == 1;
}

bool Workplace::has_begun() const try {
  SQLite::Database state{folder_ + "/state/b24watch.sqlite", SQLite::OPEN_READONLY, 5000};
  SQLite::Statement begun{state, "SELECT 1 FROM meta WHERE name = 'watching_since'"};
  return begun.executeStep();
} catch (const SQLite::Exception&) {
  return false;  // it is not there yet
}

bool eventually(const std::function<bool()>& holds, milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > until) return holds();
    std::this_thread::sleep_for(milliseconds{20});
  }
  return true;
}

}  // namespace b24
