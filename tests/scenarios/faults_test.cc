#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <thread>

#include "tests/portal/http_call.h"
#include "tests/portal/quirks.h"
#include "tests/portal/server.h"
#include "tests/support/free_port.h"
#include "tests/support/workplace.h"

// Everything at once: two hundred changes a second, deletions among them, events that are lost,
// come twice and in another order, and every fault the simulated portal knows, each at least once.
// Afterwards the mirror equals the portal.
//
//   B24_FAULT_MINUTES=10 build/release/b24_tests --gtest_filter='FaultScenario.*'
//
// The long form goes round and round, has the webhook refused at the end, and waits until the
// running service has found everything by itself: up to 75 minutes. B24_FAULT_RATE and
// B24_FAULT_SEED change the mixture.

namespace b24 {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kHeard = " events=";
constexpr const char* kToken = "51856fefc120afa4b628cc82d3935cce";
constexpr const char* kEvents[] = {
    "ONCRMDEALADD",          "ONCRMDEALUPDATE",     "ONCRMDEALDELETE",     "ONCRMLEADADD",
    "ONCRMLEADUPDATE",       "ONCRMLEADDELETE",     "ONCRMCONTACTADD",     "ONCRMCONTACTUPDATE",
    "ONCRMCONTACTDELETE",    "ONCRMCOMPANYADD",     "ONCRMCOMPANYUPDATE",  "ONCRMCOMPANYDELETE",
    "ONCRMQUOTEADD",         "ONCRMQUOTEUPDATE",    "ONCRMQUOTEDELETE",    "ONCRMACTIVITYADD",
    "ONCRMACTIVITYUPDATE",   "ONCRMACTIVITYDELETE", "ONTASKADD",           "ONTASKUPDATE",
    "ONTASKDELETE",          "ONVOXIMPLANTCALLEND", "ONCRMDYNAMICITEMADD", "ONCRMDYNAMICITEMUPDATE",
    "ONCRMDYNAMICITEMDELETE"};

double number_of(const char* variable, double otherwise) {
  const char* wish = std::getenv(variable);
  return wish == nullptr ? otherwise : std::atof(wish);
}

// The way of the events to the program, a bad one: some are lost, some come twice, each comes after
// a time of its own and so in another order.
class BadWay {
 public:
  BadWay(std::string to, unsigned seed)
      : to_(std::move(to)),
        random_(seed),
        server_(
            {}, [this](const sim::HttpRequest& request) { return take(request); },
            [] { return true; }, [](std::size_t) {}),
        thread_([this](const std::stop_token& stop) { pass_on(stop); }) {}

  std::string url() const { return fmt::format("http://127.0.0.1:{}/", server_.port()); }
  // Events the program has said yes to.
  int accepted() const { return accepted_; }

 private:
  sim::HttpReply take(const sim::HttpRequest& request) {
    std::lock_guard lock{mutex_};
    std::uniform_int_distribution<int> fate{0, 99};
    std::uniform_int_distribution<int> delay{0, 1500};
    const int lot = fate(random_);
    const int copies = lot < 15 ? 0 : lot < 30 ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      under_way_.emplace(steady_clock::now() + milliseconds{delay(random_)}, request.body);
    }
    return {};
  }
  void pass_on(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::vector<std::string> due;
      {
        std::lock_guard lock{mutex_};
        while (!under_way_.empty() && under_way_.begin()->first <= steady_clock::now()) {
          due.push_back(std::move(under_way_.begin()->second));
          under_way_.erase(under_way_.begin());
        }
      }
      for (const std::string& body : due) {
        if (stop.stop_requested()) return;
        const int status = sim::http_call(to_, body, "application/x-www-form-urlencoded").status;
        accepted_ += status / 100 == 2 ? 1 : 0;
      }
      std::this_thread::sleep_for(milliseconds{10});
    }
  }

  std::string to_;
  std::mutex mutex_;
  std::mt19937 random_;
  std::multimap<steady_clock::time_point, std::string> under_way_;
  std::atomic<int> accepted_{0};
  sim::Server server_;
  std::jthread thread_;
};

// What may go wrong for a moment with a whole request. A webhook that is refused is for the end:
// the program then leaves the portal alone for ten minutes.
std::vector<sim::Fault> faults_of_requests(const std::string& url) {
  using enum sim::FaultKind;
  return {{.kind = query_limit},
          {.kind = server_error},
          {.kind = server_error, .strikes = sim::Strikes::after},
          {.kind = bad_gateway},
          {.kind = html},
          {.kind = empty},
          {.kind = truncated},
          {.kind = cut_json},
          {.kind = not_utf8},
          {.kind = slow, .delay = milliseconds{1500}},
          {.kind = reset, .count = 2},
          {.kind = reset, .strikes = sim::Strikes::after},
          {.kind = outage, .count = 2},
          {.kind = redirect, .detail = url}};
}

sim::Fault once(sim::FaultKind kind, const char* method, int count = 1, std::string detail = {}) {
  return {.kind = kind, .method = method, .count = count, .detail = std::move(detail)};
}
sim::Fault server_error_of(const char* method) {
  sim::Fault fault = once(sim::FaultKind::error, method, 1, "INTERNAL_SERVER_ERROR");
  fault.status = 500;
  return fault;
}

// The same with one method that the polls call.
std::vector<sim::Fault> faults_of_methods() {
  using enum sim::FaultKind;
  std::vector<sim::Fault> all = {once(operating_limit, "voximplant.statistic.get"),
                                 once(operating_limit, "crm.stagehistory.list"),
                                 once(ignore_id_filter, "voximplant.statistic.get", 2),
                                 once(ignore_id_filter, "sale.payment.list", 2),
                                 server_error_of("crm.activity.binding.list"),
                                 server_error_of("imopenlines.session.history.get")};
  for (const char* method :
       {"crm.item.list", "tasks.task.list", "voximplant.statistic.get", "crm.activity.list",
        "crm.stagehistory.list", "sale.payment.list", "crm.orderentity.list"}) {
    const bool by_order = std::string_view{method} == "crm.orderentity.list";
    all.push_back(once(duplicate_rows, method, 2));
    all.push_back(once(broken_row, method, 1, by_order ? "orderId" : ""));
    for (const sim::FaultKind quirk : sim::kQuirks) all.push_back(once(quirk, method, 2));
    all.push_back(server_error_of(method));
  }
  for (const char* method : {"crm.item.productrow.list", "crm.timeline.comment.list"}) {
    const bool goods = std::string_view{method} == "crm.item.productrow.list";
    all.push_back(once(duplicate_rows, method, 2));
    all.push_back(once(broken_row, method, 1, goods ? "id" : "ID"));
    all.push_back(server_error_of(method));
  }
  return all;
}

// And with one that is called at a start, and then every hour or every ten minutes.
std::vector<sim::Fault> faults_of_starts() {
  std::vector<sim::Fault> all;
  for (const char* method :
       {"user.get", "department.get", "crm.category.list", "crm.status.list", "crm.currency.list",
        "calendar.accessibility.get", "im.user.list.get", "timeman.status", "timeman.settings"}) {
    all.push_back(server_error_of(method));
  }
  return all;
}

enum class Rounds { one, endless };

// Sets the faults in the order of the dice, once or round and round.
//
// Whole requests fail one at a time, with a good one in between: after each failure in a row the
// program waits twice as long. Methods fail beside them.
class Troubles {
 public:
  Troubles(sim::Portal& portal, unsigned seed, Rounds rounds)
      : portal_(portal),
        rounds_(rounds),
        of_requests_(faults_of_requests(portal.url())),
        of_methods_(faults_of_methods()) {
    std::mt19937 random{seed};
    std::shuffle(of_requests_.begin(), of_requests_.end(), random);
    std::shuffle(of_methods_.begin(), of_methods_.end(), random);
    // A method over its limit is left alone for minutes, and nothing else can strike it.
    std::stable_partition(of_methods_.begin(), of_methods_.end(), [](const sim::Fault& fault) {
      return fault.kind != sim::FaultKind::operating_limit;
    });
  }

  void go_on() {
    waiting_ = portal_.faults();
    if (may_set(of_requests_, requests_set_)) requests_go_on();
    if (may_set(of_methods_, methods_set_)) methods_go_on();
  }

  // Whether each of them has struck; never of an endless round.
  bool over() const {
    return !may_set(of_requests_, requests_set_) && !may_set(of_methods_, methods_set_) &&
           portal_.faults().empty();
  }

 private:
  bool may_set(const std::vector<sim::Fault>& faults, std::size_t set) const {
    return rounds_ == Rounds::endless || set < faults.size();
  }

  void requests_go_on() {
    const auto requests = portal_.counters().requests;
    if (std::any_of(waiting_.begin(), waiting_.end(),
                    [](const sim::Fault& fault) { return sim::of_request(fault.kind); })) {
      requests_ = requests;
    } else if (requests >= requests_ + 2) {
      portal_.add_fault(of_requests_[requests_set_++ % of_requests_.size()]);
      requests_ = requests;
    }
  }

  void methods_go_on() {
    if (steady_clock::now() < next_method_at_) return;
    const sim::Fault& next = of_methods_[methods_set_ % of_methods_.size()];
    const auto waits = [&](const sim::Fault& fault) {
      if (fault.method != next.method) return false;
      return fault.kind == next.kind || next.kind == sim::FaultKind::operating_limit;
    };
    const bool any_waits = std::any_of(waiting_.begin(), waiting_.end(), waits);
    if (any_waits && rounds_ == Rounds::one) return;
    if (!any_waits) portal_.add_fault(next);
    ++methods_set_;
    // What changed must be found within minutes: not with everything wrong at once.
    if (rounds_ == Rounds::endless) next_method_at_ = steady_clock::now() + milliseconds{700};
  }

  sim::Portal& portal_;
  const Rounds rounds_;
  std::vector<sim::Fault> of_requests_;
  std::vector<sim::Fault> of_methods_;
  std::vector<sim::Fault> waiting_;  // set and not struck
  std::size_t requests_set_ = 0;
  std::size_t methods_set_ = 0;
  std::uint64_t requests_ = 0;  // when a fault of a whole request waited for the last time
  steady_clock::time_point next_method_at_{};
};

sim::PortalOptions company(int size) {
  return {.managers = 4 * size,
          .deals = 250 * size,
          .tasks = 150 * size,
          .calls = 700 * size,
          .days = 30,  // payments are followed for five weeks
          .limits = {.enabled = false}};
}

std::string tail(const std::string& log) {
  return log.substr(log.size() - std::min<std::size_t>(log.size(), 5000));
}

TEST(FaultScenario, AfterAllOfThemTheMirrorEqualsThePortal) {
  const double long_minutes = number_of("B24_FAULT_MINUTES", 0);
  const bool is_long = long_minutes > 0;
  const auto seed = static_cast<unsigned>(number_of("B24_FAULT_SEED", 7));
  const int rate = static_cast<int>(number_of("B24_FAULT_RATE", 200));
  Workplace workplace{company(is_long ? 4 : 1)};
  auto& portal = workplace.portal();
  const int port = free_port();
  workplace.read_on_demand();
  workplace.configure(
      fmt::format("http: {{listen: '127.0.0.1:{}', application_token: {}}}\n", port, kToken));
  for (const sim::Fault& fault : faults_of_starts()) portal.add_fault(fault);
  Process run{workplace.command({"run"}), workplace.folder()};
  ASSERT_TRUE(eventually([&] { return workplace.has_begun(); })) << run.err();
  auto way = std::make_unique<BadWay>(fmt::format("http://127.0.0.1:{}/event", port), seed);
  for (const char* event : kEvents) portal.bind_event(event, way->url(), kToken);

  Troubles troubles{portal, seed, is_long ? Rounds::endless : Rounds::one};
  const auto begin = steady_clock::now();
  const auto enough = [&] {
    const std::chrono::duration<double, std::ratio<60>> passed = steady_clock::now() - begin;
    return passed.count() > (is_long ? long_minutes : 4) || troubles.over();
  };
  for (std::uint64_t tick = 1; !enough(); ++tick) {
    portal.mutate(rate / 20, tick + seed * 1'000'000ULL);
    troubles.go_on();
    std::this_thread::sleep_for(milliseconds{50});
  }
  for (const sim::Fault& fault : portal.faults()) {
    EXPECT_TRUE(is_long) << "did not strike: " << name(fault.kind) << ' ' << fault.method;
  }
  EXPECT_TRUE(is_long || troubles.over());
  portal.clear_faults();
  EXPECT_TRUE(run.running()) << run.err();

  std::string found;
  if (is_long) {
    // Numbers of rows are compared every quarter of an hour, and a difference is looked at twice;
    // rates of currencies are read once an hour, and by night so are working days.
    const auto quiet = steady_clock::now();
    portal.add_fault({.kind = sim::FaultKind::invalid_credentials});
    while (steady_clock::now() - quiet < minutes{75}) {
      found = all_differences(workplace);
      if (found.empty()) break;
      std::this_thread::sleep_for(seconds{10});
    }
    std::cerr << "equal after "
              << std::chrono::duration<double>(steady_clock::now() - quiet).count()
              << " s of quiet\n";
    EXPECT_EQ(found, "") << tail(run.err());
  }
  EXPECT_GT(way->accepted(), 0);
  way.reset();
  run.signal(SIGTERM);
  EXPECT_EQ(run.wait().exit_code, 0) << run.err();
  // A yes is said to a stranger's event too: how many were believed is said at the end.
  const std::string err = run.err();
  const auto heard = err.find(kHeard);
  ASSERT_NE(heard, std::string::npos) << tail(err);
  EXPECT_GT(std::atoi(err.c_str() + heard + kHeard.size()), 0);
  workplace.catch_up();
  EXPECT_EQ(all_differences(workplace), "") << tail(run.err());
  // Goods that changed without their deal are all that there is to be mended.
  const Finished mended =
      workplace.run({"verify", "--mend", "--json", "--rows", "100000", "--requests", "100000"});
  const auto report = nlohmann::json::parse(mended.out);
  for (const auto& difference : report.at("differences")) {
    EXPECT_EQ(difference.at("kind"), "details") << difference;
    EXPECT_EQ(difference.at("field"), "product_row") << difference;
  }
  EXPECT_EQ(all_differences(workplace), "");
  const Finished verified = workplace.run({"verify"});
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace b24
