#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/secret.h"

// What a person types. Questions go to stderr, so that stdout holds the answer of the command only.

namespace b24 {

// Whether a person can be asked: stdin is a terminal.
bool can_ask();

// One line without its end; nothing at the end of the input. A longer one than 4,000 bytes is cut.
std::optional<std::string> read_line();
std::optional<std::string> ask(std::string_view question);

// The same without showing what is typed. Ctrl-C and the other signals that end a program find the
// terminal as it was.
std::optional<Secret> ask_hidden(std::string_view question);

}  // namespace b24
