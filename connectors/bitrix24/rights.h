#pragma once

#include <string_view>

#include "rules/base/language.h"

// Beside the scopes of a webhook (scopes.h), what its owner must be allowed on the portal for a
// method to show everything. A scope opens a method, it never widens the rights of its owner.

namespace b24 {

// "administrator"; where the portal's docs name no right of its own, it says so.
const Text& right_for(std::string_view method);

}  // namespace b24
