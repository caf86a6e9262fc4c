#pragma once

#include <string>

#include "connectors/bitrix24/errors.h"
#include "connectors/http.h"

// What a person is told of a portal that does not speak as one.

namespace b24 {

// An answer that is not of REST. Only its status may tell why.
Error unreadable_answer(Way way, const std::string& host, const HttpAnswer& answer);
// A redirect that is not followed; `target`: the host it leads to, or empty.
Error points_elsewhere(Way way, const std::string& host, const std::string& target);

}  // namespace b24
