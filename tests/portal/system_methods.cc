#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/portal/method.h"
#include "tests/portal/text.h"

// What everybody may ask (portal docs: common/).

namespace b24::sim {
namespace {

Outcome server_time(Call& call) {
  std::string out;
  time_text(out, call.world.now(), call.world.options.offset);
  return ok(out);
}

Outcome profile(Call& call) {
  const User* user = call.world.user(call.world.owner);
  if (user == nullptr) return fail(401, "authorization_error", "User is dismissed");
  return ok(fmt::format(
      R"({{"ID":"{}","ADMIN":{},"NAME":{},"LAST_NAME":{},"PERSONAL_GENDER":"{}","TIME_ZONE":{}}})",
      user->id, call.world.options.admin, quote(user->first_name), quote(user->last_name),
      user->female ? "F" : "M", quote(user->time_zone)));
}

Outcome scope(Call& call) {
  std::string out = "[";
  for (const std::string& name : call.world.options.scopes) {
    comma(out);
    quoted(out, name);
  }
  return ok(out + ']');
}

// Names are recognised in lower case only.
Outcome method_get(Call& call) {
  const std::string name = to_text(param(call.params, "name"));
  const bool lower =
      std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
  const Method* method = lower && !name.empty() ? find_method(name) : nullptr;
  const bool available =
      method != nullptr &&
      (method->scope.empty() || call.world.options.scopes.contains(std::string{method->scope}));
  return ok(fmt::format(R"({{"isExisting":{},"isAvailable":{}}})", method != nullptr, available));
}

constexpr Method kSystemMethods[] = {
    {"server.time", "", Cost::call, server_time},
    {"profile", "", Cost::call, profile},
    {"scope", "", Cost::call, scope},
    {"method.get", "", Cost::call, method_get},
};

}  // namespace

std::span<const Method> system_methods() { return kSystemMethods; }

}  // namespace b24::sim
