#pragma once

#include <span>
#include <string_view>

#include "rules/base/language.h"

// One table: the scopes of a webhook, the methods each opens and what we need it for (portal docs:
// scopes/permissions.md). errors.h and portal.h speak of them by it.

namespace b24 {

struct Scope {
  std::string_view name;                      // "crm"
  std::span<const std::string_view> methods;  // their names begin so: "crm."
  Text what;                                  // what it shows us: "deals"
  bool needed = true;                         // off: we do without, less exactly
};

std::span<const Scope> scopes();

}  // namespace b24
