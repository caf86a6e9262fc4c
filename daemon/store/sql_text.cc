#include "daemon/store/sql_text.h"

#include "daemon/store/unicode.h"

namespace b24 {
namespace {

enum class TokenKind { blank, word, quoted, text, other };

struct Token {
  TokenKind kind;
  std::size_t size;
};

bool is_word_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// Up to and with `end`, or everything.
std::size_t through(std::string_view sql, std::string_view end, std::size_t from) {
  const auto at = sql.find(end, from);
  return at == std::string_view::npos ? sql.size() : at + end.size();
}

// `sql` is not empty.
Token next_token(std::string_view sql) {
  const char c = sql.front();
  if (sql.starts_with("--")) return {TokenKind::blank, through(sql, "\n", 2)};
  if (sql.starts_with("/*")) return {TokenKind::blank, through(sql, "*/", 2)};
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') return {TokenKind::blank, 1};
  if (c == '\'') return {TokenKind::text, through(sql, "'", 1)};
  if (c == '"') return {TokenKind::quoted, through(sql, "\"", 1)};
  if (c == '`') return {TokenKind::quoted, through(sql, "`", 1)};
  if (c == '[') return {TokenKind::quoted, through(sql, "]", 1)};
  const bool parameter = c == ':' || c == '@';
  if (!parameter && !is_word_byte(c)) return {TokenKind::other, 1};
  std::size_t size = 1;
  while (size < sql.size() && is_word_byte(sql[size])) ++size;
  return {TokenKind::word, size};
}

}  // namespace

std::size_t first_code(std::string_view sql) {
  for (std::size_t at = 0; at < sql.size();) {
    const Token token = next_token(sql.substr(at));
    if (token.kind != TokenKind::blank && sql[at] != ';') return at;
    at += token.size;
  }
  return std::string_view::npos;
}

bool is_blank_sql(std::string_view sql) { return first_code(sql) == std::string_view::npos; }

int find_word(std::string_view sql, std::string_view word) {
  for (std::size_t at = 0; at < sql.size() && !word.empty();) {
    const Token token = next_token(sql.substr(at));
    std::string_view found = sql.substr(at, token.size);
    if (token.kind == TokenKind::quoted && found.size() >= 2)
      found = found.substr(1, found.size() - 2);
    const bool code = token.kind == TokenKind::word || token.kind == TokenKind::quoted;
    if (code && compare_ignoring_case(found, word) == 0) return static_cast<int>(at);
    at += token.size;
  }
  return -1;
}

}  // namespace b24
