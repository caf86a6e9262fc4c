#pragma once

#include <string>

#include "daemon/engine/verified.h"

// What a comparison of mirror and portal has found, in words.

namespace b24 {

// One line on a stream: what was compared, and whether it is equal.
std::string about_stream(const StreamVerdict& stream);
// The same on details.
std::string about_details(const DetailVerdict& verdict);
// One line on a difference.
std::string about_difference(const Difference& difference);

}  // namespace b24
