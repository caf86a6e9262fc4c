#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "rules/base/language.h"
#include "rules/base/result.h"

namespace b24 {

// A sentence in the language in force, with its parts put in.
template <class... Parts>
std::string say(std::string_view ru, std::string_view en, const Parts&... parts) {
  return fmt::format(fmt::runtime(tr(ru, en)), parts...);
}

inline Error stopped() {
  return error(ErrorKind::stopped, say("Запрос к порталу прерван: программа останавливается.",
                                       "The request to the portal was broken off: the program is "
                                       "stopping."));
}

}  // namespace b24
