#pragma once

#include <string_view>

// Looking at SQL text as SQLite's own tokens would be seen: strings and comments are not code.

namespace b24 {

// True when nothing but blanks, semicolons and comments is left.
bool is_blank_sql(std::string_view sql);
// The first byte that is neither blank, semicolon nor comment; npos when there is none.
std::size_t first_code(std::string_view sql);
// The byte where a name or parameter (":now") stands as a word of the code, in any case; -1 if it
// does not. A quoted name is found at its quote.
int find_word(std::string_view sql, std::string_view word);

}  // namespace b24
