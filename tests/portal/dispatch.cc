#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/portal/method.h"
#include "tests/portal/quirks.h"
#include "tests/portal/text.h"

namespace b24::sim {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

bool granted(const World& world, std::string_view scope) {
  const auto& scopes = world.options.scopes;
  if (scope.empty() || scopes.contains(std::string{scope})) return true;
  return scope == "user" && (scopes.contains("user_basic") || scopes.contains("user_brief"));
}

double cost_of(const LimitOptions& limits, const Method& method) {
  const auto own = limits.method_cost.find(std::string{method.name});
  if (own != limits.method_cost.end()) return own->second;
  if (method.cost == Cost::free) return 0;
  return method.cost == Cost::page ? limits.page_cost : limits.call_cost;
}

Outcome over_budget() {
  return fail(429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit");
}

Outcome run_known(World& world, const Method& method, const Json& params) {
  if (!granted(world, method.scope)) {
    return fail(403, "insufficient_scope",
                "The request requires higher privileges than provided by the webhook token");
  }
  if (world.faults.take(FaultKind::operating_limit, method.name)) return over_budget();
  Operating& operating = world.operating[std::string{method.name}];
  const SteadyTime now = world.steady_now();
  const LimitOptions& limits = world.options.limits;
  if (limits.enabled && operating.spent(now) >= limits.operating_seconds) return over_budget();
  if (const auto fault = world.faults.take(FaultKind::error, method.name)) {
    return fail(fault->status, fault->detail, "Planted error");
  }
  operating.charge(cost_of(limits, method), now);
  Json quirky;
  for (const FaultKind quirk : kQuirks) {
    if (method.cost != Cost::page || !world.faults.take(quirk, method.name)) continue;
    quirky = with_quirk(quirk, quirky.is_null() ? params : quirky, world.options.offset);
  }
  Call call{world, quirky.is_null() ? params : quirky, {}, world.options.admin};
  if (method.cost == Cost::page) {
    call.faults.ignore_id_filter =
        world.faults.take(FaultKind::ignore_id_filter, method.name).has_value();
    call.faults.duplicate = world.faults.take(FaultKind::duplicate_rows, method.name).has_value();
    if (const auto broken = world.faults.take(FaultKind::broken_row, method.name)) {
      const bool small = method.name == "crm.item.list" || method.name == "tasks.task.list" ||
                         method.name == "sale.payment.list";
      const std::string id = small ? "id" : "ID";
      call.faults.broken_field = broken->detail.empty() ? id : broken->detail;
    }
  }
  return method.run(call);
}

}  // namespace

const Method* find_method(std::string_view name) {
  for (const auto& family :
       {item_methods(), crm_methods(), trade_methods(), activity_methods(), task_methods(),
        people_methods(), workday_methods(), line_methods(), call_methods(), message_methods(),
        bot_methods(), system_methods(), application_methods()}) {
    for (const Method& method : family) {
      if (same_name(method.name, name)) return &method;
    }
  }
  return nullptr;
}

Outcome run_method(World& world, std::string_view name, const Json& params) {
  const Method* method = find_method(name);
  Outcome outcome;
  if (method == nullptr) {
    outcome = fail(404, "ERROR_METHOD_NOT_FOUND", "Method not found!");
  } else {
    ++world.counters.methods[std::string{method->name}];
    outcome = run_known(world, *method, params);
  }
  return outcome;
}

double seconds_now(const World& world) {
  return static_cast<double>(world.now()) +
         static_cast<double>(world.steady_now().time_since_epoch().count() % 1000) / 1000;
}

void write_time(std::string& out, World& world, std::string_view method, double started) {
  const seconds offset = world.options.offset;
  const double finished = std::max(started, seconds_now(world));
  Operating& operating = world.operating[std::string{method}];
  const double spent = operating.spent(world.steady_now());
  const auto reset =
      std::chrono::ceil<seconds>(operating.reset_in(world.steady_now())).count() + world.now();
  out += fmt::format(R"("time":{{"start":{:.6f},"finish":{:.6f},"duration":{:.6f},)"
                     R"("processing":{:.6f},"date_start":)",
                     started, finished, finished - started, (finished - started) / 2);
  time_text(out, static_cast<std::int64_t>(started), offset);
  key(out, "date_finish");
  time_text(out, static_cast<std::int64_t>(finished), offset);
  out += fmt::format(R"(,"operating_reset_at":{},"operating":)", reset);
  real(out, spent);
  out += '}';
}

void write_problem(std::string& out, const Problem& problem) {
  key(out, "error");
  if (problem.numeric) {
    out += problem.code;
  } else {
    quoted(out, problem.code);
  }
  key(out, "error_description");
  quoted(out, problem.description);
}

}  // namespace b24::sim
