#pragma once

#include <string>

namespace b24 {

// Where the data come from, as a section of the reference: for every list and every kind of detail
// the portal's method, what is asked for, how changes and deletions are found, how often, and the
// right it takes. Written from the tables that the program itself works by. Markdown in the
// language in force.
std::string streams_section();

}  // namespace b24
