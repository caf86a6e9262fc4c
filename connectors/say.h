#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "rules/base/language.h"

namespace b24 {

// A sentence in the language in force, with its parts put in.
template <class... Parts>
std::string say(std::string_view ru, std::string_view en, const Parts&... parts) {
  return fmt::format(fmt::runtime(tr(ru, en)), parts...);
}

}  // namespace b24
