#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/bitrix24/errors.h"
#include "rules/base/time.h"

// What stands around a result: errors, counts, times (portal docs: general-principles.md, batch.md,
// data-types.md). Pure; any thread. The views point into the text given.

namespace b24 {

// From "time". Nothing in it is certain to be there.
struct Timing {
  std::optional<Time> date_start;
  std::optional<seconds> offset;    // of the portal's clock to UTC
  std::optional<double> operating;  // seconds the method has spent of its budget
  std::optional<seconds> reset_in;  // until some of them drop out
};

// One command of a batch.
struct CommandPart {
  std::optional<PortalError> error;
  std::string_view result;  // JSON text; empty when there is none
  std::optional<std::int64_t> total;
  Timing timing;
};
using CommandParts = std::map<std::string, CommandPart, std::less<>>;

struct Envelope {
  std::optional<PortalError> error;
  std::string_view result;            // JSON text; empty when there is none
  std::optional<CommandParts> parts;  // a batch's, by the keys of its commands, in place of result
  std::optional<std::int64_t> total;
  std::optional<std::int64_t> next;
  Timing timing;
};

// Replaces bytes that are no UTF-8 by U+FFFD; whether there were any.
bool mend_utf8(std::string& body);

// Makes an answer fit for the parsers below: adds blanks that the parser may read beyond the end.
std::string padded(std::string body);

enum class Answers { one_call, batch };

// Nothing when the text (of padded()) is not a whole JSON object. A batch's result that is no
// object stays in `result`.
std::optional<Envelope> parse_envelope(std::string_view body, Answers answers);

}  // namespace b24
